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

/** How many requests in a row the name may send. */
function allowed(take: (name: string) => number, name: string): number {
  let count = 0;
  while (take(name) === 0) count++;
  return count;
}

describe('a name under a rate limit', () => {
  test('may spend its burst at once, and then waits for one request more', () => {
    const { take, clock } = limitOf();
    expect(allowed(take, 'a')).toBe(5);
    expect(take('a')).toBe(SECOND_MS);
    clock.advance(SECOND_MS - 1);
    expect(take('a')).toBe(1);
    clock.advance(1);
    expect([take('a'), take('a')]).toEqual([0, SECOND_MS]);
  });

  test('has its whole burst again after a quiet time, and no more', () => {
    const { take, clock } = limitOf();
    allowed(take, 'a');
    clock.advance(100 * MINUTE_MS);
    expect(allowed(take, 'a')).toBe(5);
  });

  test('is charged nothing for a refused request', () => {
    const { take, clock } = limitOf();
    allowed(take, 'a');
    for (let n = 0; n < 1000; n++) take('a');
    clock.advance(SECOND_MS);
    expect(take('a')).toBe(0);
  });

  test('is charged nothing for the requests of another name', () => {
    const { take } = limitOf();
    allowed(take, 'a');
    expect(allowed(take, 'b')).toBe(5);
  });

  test('with a multiple allowance may send that many times as much, at once and later', () => {
    const { take, clock } = limitOf();
    expect(allowed((name) => take(name, 10), 'network')).toBe(50);
    clock.advance(SECOND_MS);
    expect(allowed((name) => take(name, 10), 'network')).toBe(10);
  });

  test('may send a minute’s allowance in a minute', () => {
    const { take, clock } = limitOf({ perMinute: 7, burst: 1 });
    let count = 0;
    for (let second = 0; second < 600; second++, clock.advance(SECOND_MS)) if (take('a') === 0) count++;
    expect(count).toBeGreaterThanOrEqual(66);
    expect(count).toBeLessThanOrEqual(70);
  });
});

describe('several allowances of one request', () => {
  test('are taken together or not at all', () => {
    const { take, limit } = limitOf();
    const both = (): number => limit.take({ name: 'a', times: 1 }, { name: 'b', times: 1 });
    take('b');
    expect(allowed(both, '')).toBe(4);
    expect(allowed(take, 'a')).toBe(1);
  });

  test('make the request wait for the allowance that needs the longest', () => {
    const { take, limit, clock } = limitOf();
    allowed(take, 'a');
    clock.advance(500);
    allowed(take, 'b');
    expect(limit.take({ name: 'a', times: 1 }, { name: 'b', times: 1 })).toBe(SECOND_MS);
  });
});

test('a million other names leave a new name its whole allowance, and a spent name without one', () => {
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

test('a name that has spent its allowance gets none of it back by requests of names that share one of its slots', () => {
  const { take } = limitOf({ perMinute: 30, burst: 10 });
  allowed(take, 'spent');
  // Each of them shares a slot with the spent name with a chance of 1 in 16 384.
  for (let n = 0; n < 200_000; n++) take(`name ${n}`);
  expect(take('spent')).toBe(2 * SECOND_MS);
});

test('the table of the rate limit decides as exact accounts would, for any requests at any time, as long as names share no slots', () => {
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
