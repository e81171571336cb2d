import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { MINUTE_MS, SECOND_MS } from '../core/basics/clock.ts';
import { RateLimit } from './rate-limit.ts';

function limitOf(parts: { perMinute?: number; burst?: number } = {}): {
  take: (name: string, times?: number) => number;
  limit: RateLimit;
  clock: FakeClock;
} {
  const clock = new FakeClock();
  const limit = new RateLimit({ perMinute: 60, burst: 5, clock: clock.read, ...parts });
  return { take: (name, times = 1) => limit.take({ name, times }), limit, clock };
}

/** How many times in a row the name may. */
function allowed(take: (name: string) => number, name: string): number {
  let count = 0;
  while (take(name) === 0) count++;
  return count;
}

describe('a name', () => {
  test('may do so much at once, and then waits until there is one more', () => {
    const { take, clock } = limitOf();
    expect(allowed(take, 'a')).toBe(5);
    expect(take('a')).toBe(SECOND_MS);
    clock.advance(SECOND_MS - 1);
    expect(take('a')).toBe(1);
    clock.advance(1);
    expect([take('a'), take('a')]).toEqual([0, SECOND_MS]);
  });

  test('has all of it again after a quiet time, and no more', () => {
    const { take, clock } = limitOf();
    allowed(take, 'a');
    clock.advance(100 * MINUTE_MS);
    expect(allowed(take, 'a')).toBe(5);
  });

  test('that is refused pays nothing for it', () => {
    const { take, clock } = limitOf();
    allowed(take, 'a');
    for (let n = 0; n < 1000; n++) take('a');
    clock.advance(SECOND_MS);
    expect(take('a')).toBe(0);
  });

  test('does not pay for another', () => {
    const { take } = limitOf();
    allowed(take, 'a');
    expect(allowed(take, 'b')).toBe(5);
  });

  test('with a multiple allowance may so many times as much, at once and after', () => {
    const { take, clock } = limitOf();
    expect(allowed((name) => take(name, 10), 'network')).toBe(50);
    clock.advance(SECOND_MS);
    expect(allowed((name) => take(name, 10), 'network')).toBe(10);
  });

  test('may do a minute’s worth in a minute', () => {
    const { take, clock } = limitOf({ perMinute: 7, burst: 1 });
    let count = 0;
    for (let second = 0; second < 600; second++, clock.advance(SECOND_MS)) if (take('a') === 0) count++;
    expect(count).toBeGreaterThanOrEqual(66);
    expect(count).toBeLessThanOrEqual(70);
  });
});

describe('several allowances', () => {
  test('are taken together or not at all', () => {
    const { take, limit } = limitOf();
    const both = (): number => limit.take({ name: 'a', times: 1 }, { name: 'b', times: 1 });
    take('b');
    expect(allowed(both, '')).toBe(4);
    expect(allowed(take, 'a')).toBe(1);
  });

  test('make one wait for the one that is longest spent', () => {
    const { take, limit, clock } = limitOf();
    allowed(take, 'a');
    clock.advance(500);
    allowed(take, 'b');
    expect(limit.take({ name: 'a', times: 1 }, { name: 'b', times: 1 })).toBe(SECOND_MS);
  });
});

test('a million names leave a stranger its whole allowance, and a known one without', () => {
  const { take, clock } = limitOf({ perMinute: 30, burst: 10 });
  allowed(take, 'known');
  // A fifth of a minute's allowance comes back meanwhile: 20 s at 50 000 names a second.
  let refused = 0;
  for (let n = 0; n < 1_000_000; n++) {
    if (n % 50 === 0) clock.advance(1);
    if (take(`name ${n}`) > 0) refused++;
  }
  expect(refused).toBe(0);
  expect(allowed(take, 'stranger')).toBeGreaterThanOrEqual(9);
  expect(allowed(take, 'known')).toBeLessThanOrEqual(10);
});

test('a name that has spent its allowance gets nothing back from requests of names that share one of its slots', () => {
  const { take } = limitOf({ perMinute: 30, burst: 10 });
  allowed(take, 'spent');
  // Each of them shares a slot with the spent name with a chance of 1 in 16 384.
  for (let n = 0; n < 200_000; n++) take(`name ${n}`);
  expect(take('spent')).toBe(2 * SECOND_MS);
});

test('whatever comes when, the table says what exact books say, as long as names do not meet', () => {
  const names = ['a', 'b', 'c'];
  const step = fc.record({
    name: fc.constantFrom(...names),
    passes: fc.constantFrom(0, 1, 333, 1000, 60_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { take, clock } = limitOf({ perMinute: 120, burst: 3 });
      const books = new Map<string, number>();
      for (const { name, passes } of steps) {
        clock.advance(passes);
        const then = Math.max(books.get(name) ?? 0, clock.now) + 500;
        const waitMs = Math.max(0, then - clock.now - 1500);
        if (waitMs === 0) books.set(name, then);
        expect(take(name)).toBe(waitMs);
      }
    }),
    { numRuns: 30 },
  );
});
