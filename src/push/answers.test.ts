import { describe, expect, test } from 'vitest';

import { readFcmAnswer } from './fcm/fcm-answer.ts';
import { readUnifiedPushAnswer } from './unifiedpush/unifiedpush-answer.ts';

const FCM = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';

function body(errorCode?: string): string {
  const details = errorCode === undefined ? [] : [{ '@type': FCM, errorCode }];
  return JSON.stringify({ error: { details } });
}

describe('an answer of FCM', () => {
  test.each<[number, string | undefined, 'device' | 'platform' | 'provider']>([
    [400, 'INVALID_ARGUMENT', 'device'],
    [400, undefined, 'device'],
    [401, 'THIRD_PARTY_AUTH_ERROR', 'platform'],
    [403, 'SENDER_ID_MISMATCH', 'device'],
    [403, undefined, 'provider'],
    [404, undefined, 'provider'],
    [302, undefined, 'provider'],
  ])('%i %s blames the %s', (status, code, blames) => {
    expect(readFcmAnswer(status, body(code), undefined)).toMatchObject({ outcome: 'refused', blames });
  });

  test.each([
    [400, 'INVALID_ARGUMENT', 'device'],
    [403, undefined, undefined],
    [404, undefined, undefined],
    [408, undefined, undefined],
  ])('%i %s with a Retry-After is retried after it', (status, code, concerns) => {
    expect(readFcmAnswer(status, body(code), 5000)).toEqual({
      outcome: 'retry',
      reason: `http_${status}`,
      ...(concerns !== undefined && { concerns }),
      afterMs: 5000,
    });
  });

  test.each([
    [429, 'QUOTA_EXCEEDED', true],
    [500, 'INTERNAL', undefined],
    [503, 'UNAVAILABLE', undefined],
    [503, 'UNSPECIFIED_ERROR', undefined],
    [401, undefined, undefined],
  ])('%i %s is retried; throttled: %s', (status, code, throttled) => {
    const delivery = readFcmAnswer(status, body(code), undefined);
    expect(delivery.outcome).toBe('retry');
    expect('throttled' in delivery ? delivery.throttled : undefined).toBe(throttled);
    expect('concerns' in delivery).toBe(false);
  });

  test.each([
    [401, undefined, 'refused'],
    [403, undefined, 'refused'],
    [404, undefined, 'refused'],
    [429, 'QUOTA_EXCEEDED', 'retry'],
    [500, 'INTERNAL', 'retry'],
    [503, 'UNAVAILABLE', 'retry'],
  ])('%i %s with an ApnsError concerns iPhones only', (status, code, outcome) => {
    const said = { '@type': FCM.replace('FcmError', 'ApnsError'), statusCode: status };
    const details = [...(code === undefined ? [] : [{ '@type': FCM, errorCode: code }]), said];
    const delivery = readFcmAnswer(status, JSON.stringify({ error: { details } }), undefined);
    const concern = outcome === 'retry' ? { concerns: 'platform' } : { blames: 'platform' };
    expect(delivery).toMatchObject({ outcome, ...concern });
  });
});

describe('an answer of a UnifiedPush server', () => {
  test.each([301, 308, 400, 401, 403, 413])(
    '%i blames the device, and no other device is affected',
    (status) => {
      expect(readUnifiedPushAnswer(status, undefined)).toEqual({
        outcome: 'refused',
        reason: `http_${status}`,
        blames: 'device',
      });
    },
  );

  test.each([
    [429, true],
    [507, true],
    [408, undefined],
    [500, undefined],
    [502, undefined],
    [503, undefined],
  ])('%i is retried; throttled: %s', (status, throttled) => {
    const delivery = readUnifiedPushAnswer(status, undefined);
    expect(delivery.outcome).toBe('retry');
    expect('throttled' in delivery ? delivery.throttled : undefined).toBe(throttled);
    expect('concerns' in delivery).toBe(status === 507);
  });
});
