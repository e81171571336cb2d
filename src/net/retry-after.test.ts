import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { retryAfterMs } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['1', 1000],
    ['120', 120_000],
    ['2027', 2_027_000],
    [' 7 ', 7000],
    ['999999999', 999_999_999_000],
  ])('"%s" is a number of seconds', (header, ms) => {
    expect(retryAfterMs(header, { now: NOW })).toBe(ms);
  });

  test.each([
    ['an IMF date', 'Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['a date of the past', 'Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['this very moment', 'Thu, 01 Jan 2026 00:00:00 GMT', 0],
  ])('may be %s', (_, header, ms) => {
    expect(retryAfterMs(header, { now: NOW })).toBe(ms);
  });

  test('with a date counts from the sender’s Date header, whatever our clock shows', () => {
    const date = 'Thu, 01 Jan 2026 05:00:00 GMT';
    expect(retryAfterMs('Thu, 01 Jan 2026 05:01:30 GMT', { now: NOW, date })).toBe(90_000);
    expect(retryAfterMs('Thu, 01 Jan 2026 00:01:30 GMT', { now: NOW, date: 'rubbish' })).toBe(90_000);
  });

  test.each([
    undefined,
    '',
    ' ',
    'soon',
    '10 s',
    '9999999999',
    'NaN',
    '0x10',
    '1.5',
    '-5',
    'try again in 5',
    '2026-01-01T00:01:30Z',
    'Jan 1 2027',
    'Thursday, 01-Jan-26 00:01:30 GMT',
    'Thu Jan  1 00:01:30 2026',
    'Thu, 01 Jan 2026 00:01:30 +0100',
    'Thu, 99 Jan 2026 00:01:30 GMT',
  ])('is ignored when it is %j', (header) => {
    expect(retryAfterMs(header, { now: NOW })).toBeUndefined();
  });

  test('is read from the first header when there are several', () => {
    expect(retryAfterMs(['5', '60'], { now: NOW })).toBe(5000);
    expect(retryAfterMs([], { now: NOW })).toBeUndefined();
  });

  test('is never negative and always a number, for any text', () => {
    const header = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map(String),
      fc.integer().map(String),
    );
    fc.assert(
      fc.property(header, (text) => {
        const ms = retryAfterMs(text, { now: NOW });
        if (ms !== undefined) expect(ms).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
