import { describe, expect, test } from 'vitest';

import { readUnifiedPushAnswer } from './unifiedpush-answer.ts';

describe("what a push server's answer means", () => {
  test.each([200, 201, 202, 204, 299])('%i delivers', (status) => {
    expect(readUnifiedPushAnswer(status, undefined)).toEqual({ outcome: 'delivered' });
  });

  test.each([404, 410])('%i is gone', (status) => {
    expect(readUnifiedPushAnswer(status, undefined)).toEqual({ outcome: 'gone' });
  });

  test.each([408, 425, 429, 500, 502, 503, 504, 507, 599])('%i is retried', (status) => {
    expect(readUnifiedPushAnswer(status, undefined)).toMatchObject({
      outcome: 'retry',
      reason: `http_${status}`,
    });
  });

  test.each([301, 302, 307, 308, 400, 401, 403, 405, 413, 418, 451])(
    '%i is refused, and the device is not gone',
    (status) => {
      expect(readUnifiedPushAnswer(status, undefined)).toMatchObject({
        outcome: 'refused',
        reason: `http_${status}`,
      });
    },
  );

  test.each([302, 400, 401, 403, 404, 413])(
    '%i with a Retry-After is retried after it, and concerns the device alone',
    (status) => {
      expect(readUnifiedPushAnswer(status, 1000)).toEqual({
        outcome: 'retry',
        reason: `http_${status}`,
        concerns: 'device',
        afterMs: 1000,
      });
    },
  );

  test('410 with a Retry-After is gone all the same', () => {
    expect(readUnifiedPushAnswer(410, 1000)).toEqual({ outcome: 'gone' });
  });

  test.each([429, 503, 507])('%i keeps its Retry-After', (status) => {
    expect(readUnifiedPushAnswer(status, 0)).toMatchObject({
      outcome: 'retry',
      reason: `http_${status}`,
      afterMs: 0,
    });
    expect(readUnifiedPushAnswer(status, 5000)).toMatchObject({ afterMs: 5000 });
  });

  test.each([401, 403])('%i to a signed request is a VAPID refusal, and the device is not gone', (status) => {
    expect(readUnifiedPushAnswer(status, undefined, true)).toEqual({
      outcome: 'refused',
      reason: `vapid_http_${status}`,
      blames: 'device',
    });
  });
});
