import { expect, test } from 'vitest';

import { LiveLimit } from './live-limit.ts';

test('a live REQ has the limit 0 until the relay has answered another one', () => {
  const limit = new LiveLimit();
  expect(limit.value).toBe(0);
  limit.answered(1);
  expect(limit.value).toBe(1);
});

test.each(['invalid', 'unsupported'] as const)(
  'a limit of 0 that is refused as %s is tried as 1',
  (reason) => {
    expect(new LiveLimit().refused(0, reason)).toBe(true);
  },
);

test.each(['error', 'other'] as const)(
  'a limit of 0 is tried as 1 after the third CLOSED %s in a row',
  (reason) => {
    const limit = new LiveLimit();
    expect([1, 2, 3].map(() => limit.refused(0, reason))).toEqual([false, false, true]);
    limit.answered(0);
    expect(limit.refused(0, reason)).toBe(false);
  },
);

test.each(['auth-required', 'restricted', 'blocked', 'rate-limited'] as const)(
  'a CLOSED with %s says nothing about the limit',
  (reason) => {
    const limit = new LiveLimit();
    expect([1, 2, 3, 4].some(() => limit.refused(0, reason))).toBe(false);
  },
);

test('a limit of 1 that is refused is tried as 0 the next time', () => {
  const limit = new LiveLimit();
  limit.answered(1);
  expect(limit.refused(1, 'invalid')).toBe(false);
  expect(limit.value).toBe(0);
});
