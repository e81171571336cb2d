import { describe, expect, test } from 'vitest';

import { ConnectionHolders } from './connection-holders.ts';

interface Held {
  readonly unanswered: Set<string>;
}

const held = (...unanswered: string[]): Held => ({ unanswered: new Set(unanswered) });

describe('places for connections', () => {
  test('are given to an address up to its limit, and are free again when its connections end', () => {
    const holders = new ConnectionHolders<Held>({ total: 100, perAddress: 2 });
    const [first, second, third, other] = [held(), held(), held(), held()];
    expect(holders.admit(first, '192.0.2.1')).toEqual({ isAdmitted: true });
    expect(holders.admit(second, '192.0.2.1')).toEqual({ isAdmitted: true });
    expect(holders.admit(third, '192.0.2.1')).toEqual({ isAdmitted: false });
    // The same address, as a listener for both families writes it.
    expect(holders.admit(third, '::ffff:192.0.2.1')).toEqual({ isAdmitted: false });
    expect(holders.admit(other, '192.0.2.2')).toEqual({ isAdmitted: true });
    holders.leave(first);
    holders.leave(first);
    holders.leave(third);
    expect(holders.admit(third, '192.0.2.1')).toEqual({ isAdmitted: true });
    expect(holders.admit(held(), '192.0.2.1')).toEqual({ isAdmitted: false });
  });

  test('are counted for an IPv6 /64 as for one address, and a /48 has ten times as many', () => {
    const holders = new ConnectionHolders<Held>({ total: 1000, perAddress: 2 });
    expect(holders.admit(held(), '2001:db8::1').isAdmitted).toBe(true);
    expect(holders.admit(held(), '2001:db8::2').isAdmitted).toBe(true);
    expect(holders.admit(held(), '2001:db8::3').isAdmitted).toBe(false);
    let admitted = 0;
    for (let n = 1; n < 100; n++) {
      for (const host of [1, 2, 3])
        if (holders.admit(held(), `2001:db8:0:${n.toString(16)}::${host}`).isAdmitted) admitted++;
    }
    expect(admitted).toBe(18);
    expect(holders.admit(held(), '2001:db9::1').isAdmitted).toBe(true);
  });

  test('are taken from the network that holds the most when all are taken, idle connections first', () => {
    const holders = new ConnectionHolders<Held>({ total: 4, perAddress: 4 });
    const busy = held('a request');
    const idle = held();
    holders.admit(busy, '192.0.2.1');
    holders.admit(idle, '192.0.2.1');
    holders.admit(held(), '192.0.2.1');
    holders.admit(held(), '192.0.2.2');
    // Its own network holds the most: it displaces nothing.
    expect(holders.admit(held(), '192.0.2.1').isAdmitted).toBe(false);
    expect(holders.admit(held(), '192.0.2.3')).toEqual({ isAdmitted: true, displaced: idle });
    // Two of one address and two single ones: one more would only change who holds two.
    expect(holders.admit(held(), '192.0.2.2')).toEqual({ isAdmitted: false });
    const displaced = holders.admit(held(), '192.0.2.4');
    expect(displaced.isAdmitted).toBe(true);
    expect(displaced.displaced).not.toBe(busy);
  });

  test('behind a proxy are given up to the total, and no connection is displaced', () => {
    const holders = new ConnectionHolders<Held>({ total: 3, perAddress: undefined });
    const [first] = [held(), held(), held()].map((each) => {
      expect(holders.admit(each, '127.0.0.1')).toEqual({ isAdmitted: true });
      return each;
    });
    expect(holders.admit(held(), '198.51.100.1')).toEqual({ isAdmitted: false });
    holders.leave(first as Held);
    expect(holders.admit(held(), '198.51.100.1')).toEqual({ isAdmitted: true });
  });
});
