import { describe, expect, test } from 'vitest';

import { CohortBench, phones, SWEEP_MS } from '../../../test/support/cohorts.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import { DAY_MS } from '../basics/clock.ts';
import type { PushTarget } from '../registry/push-target.ts';

const A = fcmTarget('a');

/** A book with two closed cohorts of four: a b c d, and e f g h. */
function twoClosed(): CohortBench {
  const bench = new CohortBench();
  bench.register(...phones('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'));
  return bench;
}

function until(bench: CohortBench, target: PushTarget): number | undefined {
  return bench.book.member(`fcm ${target.type === 'fcm' ? target.token : ''}`)?.until;
}

describe('a cohort', () => {
  test('takes devices until it is full, and then another one forms', () => {
    const bench = new CohortBench();
    bench.register(...phones('a', 'b', 'c', 'd', 'e'));
    expect(bench.cohorts).toEqual([['a', 'b', 'c', 'd'], ['e']]);
  });

  test('has devices of one carrier view only', () => {
    const bench = new CohortBench();
    bench.register(...phones('a', 'i1', 'b', 'i2'));
    expect(bench.cohorts).toEqual([
      ['a', 'b'],
      ['i1', 'i2'],
    ]);
  });

  test('deals a device once, however many keys it registers', () => {
    const bench = twoClosed();
    bench.register(A, A, fcmTarget('f'));
    expect(bench.cohorts).toEqual([
      ['a', 'b', 'c', 'd'],
      ['e', 'f', 'g', 'h'],
    ]);
  });

  test('that is closed takes no newcomer in place of a device that has left', () => {
    const bench = twoClosed();
    bench.evict(A);
    bench.register(...phones('x'));
    expect(bench.cohorts).toEqual([['b', 'c', 'd'], ['e', 'f', 'g', 'h'], ['x']]);
  });

  test('with half of its members left stays alone, and with fewer it is merged whole with another one of its view', () => {
    const bench = twoClosed();
    bench.register(...phones('i1', 'i2', 'i3', 'i4'));
    bench.evict(...phones('a', 'b'));
    expect(bench.cohorts).toEqual([
      ['c', 'd'],
      ['e', 'f', 'g', 'h'],
      ['i1', 'i2', 'i3', 'i4'],
    ]);
    bench.evict(...phones('c'));
    expect(bench.cohorts).toEqual([
      ['d', 'e', 'f', 'g', 'h'],
      ['i1', 'i2', 'i3', 'i4'],
    ]);
  });

  test('with few members left and no closed cohort of its view waits for the next one to close', () => {
    const bench = new CohortBench();
    bench.register(...phones('a', 'b', 'c', 'd', 'e'));
    bench.evict(...phones('a', 'b', 'c'));
    expect(bench.cohorts).toEqual([['d'], ['e']]);
    bench.register(...phones('f', 'g'));
    expect(bench.cohorts).toEqual([['d'], ['e', 'f', 'g']]);
    bench.register(...phones('h'));
    expect(bench.cohorts).toEqual([['d', 'e', 'f', 'g', 'h']]);
  });

  test('that all members have left is no more', () => {
    const bench = twoClosed();
    bench.evict(...phones('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'));
    expect(bench.book.counts).toEqual({
      cohorts: 0,
      members: 0,
      lingering: 0,
      unprotected: 0,
      sizes: new Map(),
    });
  });
});

describe('a device with a new token', () => {
  test('keeps its place, and its former token has left at once', () => {
    const bench = twoClosed();
    bench.move(A, fcmTarget('new'));
    expect(bench.cohorts).toEqual([
      ['b', 'c', 'd', 'new'],
      ['e', 'f', 'g', 'h'],
    ]);
    expect(bench.book.counts).toMatchObject({ members: 8, unprotected: 0 });
  });

  test('shares its place with the former token until all of its keys have moved', () => {
    const bench = twoClosed();
    const fresh = fcmTarget('new');
    // A has another key.
    bench.registered.add('fcm new');
    bench.book.enter(fresh, 'fcm android', A);
    expect(bench.cohorts[0]).toEqual(['a', 'b', 'c', 'd', 'new']);
    expect(bench.book.sizeFor(fresh, 'fcm android')).toEqual({ size: 4, members: 4 });
    bench.move(A, fresh);
    expect(bench.cohorts[0]).toEqual(['b', 'c', 'd', 'new']);
  });

  test('in a cohort that forms takes no place from a newcomer', () => {
    const bench = new CohortBench();
    bench.register(...phones('a', 'b', 'c'));
    bench.registered.add('fcm new');
    bench.book.enter(fcmTarget('new'), 'fcm android', A);
    bench.register(...phones('d', 'e'));
    expect(bench.cohorts).toEqual([['a', 'b', 'c', 'd', 'new'], ['e']]);
  });

  test('shares a place with one device at most: a third one is dealt anew', () => {
    const bench = twoClosed();
    for (const name of ['new', 'newer']) {
      bench.registered.add(`fcm ${name}`);
      bench.book.enter(fcmTarget(name), 'fcm android', A);
    }
    expect(bench.cohorts).toEqual([['a', 'b', 'c', 'd', 'new'], ['e', 'f', 'g', 'h'], ['newer']]);
  });

  test('of another carrier view is dealt anew, and the former device lingers', () => {
    const bench = twoClosed();
    const iPhone = fcmTarget('i1');
    bench.move(A, iPhone);
    expect(bench.cohorts).toEqual([['a', 'b', 'c', 'd'], ['e', 'f', 'g', 'h'], ['i1']]);
    expect(bench.book.counts.lingering).toBe(1);
  });

  test('that is a member already stays where it is, and the former device lingers', () => {
    const bench = twoClosed();
    bench.move(A, fcmTarget('h'));
    expect(bench.cohorts[0]).toEqual(['a', 'b', 'c', 'd']);
    expect(bench.book.counts.lingering).toBe(1);
  });
});

describe('a device whose last key has expired', () => {
  test('stays for a time between one and seven days after the expiry, whenever the sweep noticed it', async () => {
    for (const chance of [0, 0.5, 0.999999]) {
      const bench = new CohortBench({ chance: () => chance });
      bench.register(A);
      await bench.expire(A);
      const stays = (until(bench, A) ?? 0) - bench.now;
      expect(stays).toBeGreaterThanOrEqual(DAY_MS);
      expect(stays + 2 * SWEEP_MS).toBeLessThanOrEqual(7 * DAY_MS);
    }
  });

  test('leaves with the first sweep after that time, and not before', async () => {
    const bench = new CohortBench({ chance: () => 0.5 });
    bench.register(...phones('a', 'b', 'c', 'd'));
    await bench.expire(A);
    const left = until(bench, A) ?? 0;
    bench.now = left - 1;
    await bench.book.sweep();
    expect(bench.cohorts).toEqual([['a', 'b', 'c', 'd']]);
    bench.now = left;
    await bench.book.sweep();
    expect(bench.cohorts).toEqual([['b', 'c', 'd']]);
  });

  test('keeps its place if a key is registered with it again, and the time is drawn anew when that expires', async () => {
    const bench = twoClosed();
    await bench.expire(A);
    const first = until(bench, A);
    bench.register(A);
    expect(until(bench, A)).toBeUndefined();
    await bench.pass(8);
    expect(bench.cohorts[0]).toEqual(['a', 'b', 'c', 'd']);
    await bench.expire(A);
    expect(until(bench, A)).toBeGreaterThan(first ?? 0);
  });

  test('leaves before its time where there is no room for a newcomer otherwise', async () => {
    const bench = new CohortBench({ capacity: 4 });
    bench.register(...phones('a', 'b', 'c', 'd'));
    await bench.expire(...phones('b'));
    await bench.expire(...phones('c'));
    bench.register(...phones('e'));
    expect(bench.cohorts).toEqual([['a', 'c', 'd'], ['e']]);
  });
});

describe('what is told of a cohort', () => {
  test('is its size, and how many are in it with the device that asks, whether that is a member yet or not', () => {
    const bench = new CohortBench();
    expect(bench.book.sizeFor(A, 'fcm android')).toEqual({ size: 4, members: 1 });
    bench.register(A, fcmTarget('b'));
    expect(bench.book.sizeFor(A, 'fcm android')).toEqual({ size: 4, members: 2 });
    expect(bench.book.sizeFor(fcmTarget('x'), 'fcm android')).toEqual({ size: 4, members: 3 });
    bench.register(...phones('c', 'd'));
    expect(bench.book.sizeFor(A, 'fcm android')).toEqual({ size: 4, members: 4 });
    expect(bench.book.sizeFor(fcmTarget('x'), 'fcm android')).toEqual({ size: 4, members: 1 });
  });

  test('counts as unprotected the members of cohorts that form, or have lost a member', () => {
    const bench = twoClosed();
    expect(bench.book.counts).toMatchObject({ cohorts: 2, members: 8, unprotected: 0 });
    bench.register(...phones('x'));
    expect(bench.book.counts).toMatchObject({ cohorts: 3, members: 9, unprotected: 1 });
    bench.evict(A);
    expect(bench.book.counts).toMatchObject({ cohorts: 3, members: 8, unprotected: 4 });
    expect(bench.book.counts.sizes).toEqual(
      new Map([
        [4, 1],
        [1, 1],
        [3, 1],
      ]),
    );
  });
});
