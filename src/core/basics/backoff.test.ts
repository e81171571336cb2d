import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Backoff } from './backoff.ts';

/** The longest possible waits: the random number is just below 1. */
function bounds(options: { baseMs: number; maxMs: number }, tries: number): number[] {
  const backoff = new Backoff(options, () => 1);
  return Array.from({ length: tries }, () => backoff.next());
}

describe('backoff', () => {
  test('doubles the bound of each wait up to the maximum', () => {
    expect(bounds({ baseMs: 100, maxMs: 1000 }, 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test('never waits beyond its bounds, whatever the options and the random numbers', () => {
    const options = fc.record({ baseMs: fc.nat(60_000), maxMs: fc.nat(3_600_000) });
    const dice = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 100 });
    fc.assert(
      fc.property(options, dice, ({ baseMs, maxMs }, rolls) => {
        let at = 0;
        const backoff = new Backoff({ baseMs, maxMs }, () => rolls[at++] as number);
        for (const [n, roll] of rolls.entries()) {
          const bound = Math.min(maxMs, baseMs * 2 ** Math.min(n, 30));
          expect(backoff.next()).toBeCloseTo(roll * bound, 5);
        }
      }),
    );
  });

  test('stays finite after ten thousand failures', () => {
    expect(bounds({ baseMs: 1, maxMs: Number.MAX_VALUE }, 10_000).at(-1)).toBe(2 ** 30);
  });

  test('can have a wait of zero: the jitter is full', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1000 }, () => 0);
    expect([backoff.next(), backoff.next()]).toEqual([0, 0]);
  });

  test('waits at least its minimum, plus the same random part as without one', () => {
    const options = { baseMs: 100, maxMs: 300, minMs: 50 };
    const [least, most] = [0, 1].map((die) => new Backoff(options, () => die));
    expect([1, 2, 3, 4].map(() => [least?.next(), most?.next()])).toEqual([
      [50, 150],
      [50, 250],
      [50, 350],
      [50, 350],
    ]);
  });

  test('starts with the first wait again after a reset', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1000 }, () => 1);
    const before = [backoff.next(), backoff.next()];
    backoff.reset();
    expect([...before, backoff.next(), backoff.next()]).toEqual([100, 200, 100, 200]);
  });

  test('uses Math.random if no random source is given', () => {
    const backoff = new Backoff({ baseMs: 1000, maxMs: 1000 });
    const waits = Array.from({ length: 50 }, () => backoff.next());
    expect(waits.every((wait) => wait >= 0 && wait < 1000)).toBe(true);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });
});
