import fc from 'fast-check';
import { expect, test } from 'vitest';

import { DAY_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import { RetryPolicy } from './retry-policy.ts';

type Retry = Parameters<RetryPolicy['waitMs']>[0];

const FAILED: Retry = { outcome: 'retry', reason: 'http_503' };
const THROTTLED: Retry = { outcome: 'retry', reason: 'http_429', throttled: true };

/** A policy of 1 s and 1 s with a fixed random number. */
const policy = (chance: number): RetryPolicy =>
  new RetryPolicy({ minMs: SECOND_MS, baseMs: SECOND_MS }, () => chance);

test.each<[string, Retry, number, number]>([
  ['after a failure: a second', FAILED, 1 * SECOND_MS, 1.5 * SECOND_MS],
  ['after a 429 without Retry-After: a minute', THROTTLED, MINUTE_MS, MINUTE_MS + 500],
  ['after a Retry-After: what it says', { ...FAILED, afterMs: 7000 }, 7000, 7500],
  ['after a 429 with Retry-After: what it says', { ...THROTTLED, afterMs: 7000 }, 7000, 7500],
  ['after a Retry-After of nothing: a second all the same', { ...THROTTLED, afterMs: 0 }, 1000, 1500],
])('the wait before a retry is %s, plus a random part', (_, delivery, least, withHalfChance) => {
  expect(policy(0).waitMs(delivery, 0)).toBe(least);
  expect(policy(0.5).waitMs(delivery, 0)).toBe(withHalfChance);
});

test('the wait before a retry has a random part that doubles with every failure, up to a minute', () => {
  const waits = [0, 1, 2, 5, 6, 1000].map((failures) => policy(1).waitMs(FAILED, failures) - SECOND_MS);
  expect(waits).toEqual([1, 2, 4, 32, 60, 60].map((seconds) => seconds * SECOND_MS));
});

test('the wait before a retry follows RETRY_MIN_MS and RETRY_BASE_MS, for tests', () => {
  const quick = new RetryPolicy({ minMs: 5, baseMs: 10 }, () => 1);
  expect([quick.waitMs(FAILED, 1), quick.waitMs(THROTTLED, 0), quick.throttledMs]).toEqual([25, 310, 300]);
});

test('the wait before a retry is never longer than a timer can be, even if the push service asks for more', () => {
  const any = fc.integer({ min: 0, max: 999_999_999 }).map((seconds) => seconds * SECOND_MS);
  fc.assert(
    fc.property(any, fc.nat(100), (afterMs, failures) => {
      const waitMs = policy(1).waitMs({ ...THROTTLED, afterMs }, failures);
      expect(waitMs).toBeLessThanOrEqual(DAY_MS + MINUTE_MS);
    }),
  );
});

test('the wait of a device that is owed a wake is a minute, doubling to an hour', () => {
  const waits = [0, 1, 5, 6, 1000].map((times) => policy(0).owedMs(times) / MINUTE_MS);
  expect(waits).toEqual([1, 2, 32, 60, 60]);
});

test('the wait of a device that is owed a wake has a random part of half its length at most', () => {
  expect(policy(1).owedMs(0)).toBe(1.5 * MINUTE_MS);
});
