import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readFcmAnswer } from './fcm-answer.ts';

const FCM = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const APNS = 'type.googleapis.com/google.firebase.fcm.v1.ApnsError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

function body(...details: unknown[]): string {
  return JSON.stringify({ error: { code: 400, message: 'the message', status: 'STATUS', details } });
}

const fcm = (errorCode: string): object => ({ '@type': FCM, errorCode });
const apns = (statusCode: number, reason: string): object => ({ '@type': APNS, statusCode, reason });
const violation = { '@type': BAD_REQUEST, fieldViolations: [{ field: 'message.token', description: 'x' }] };

describe("what FCM's answer means", () => {
  test.each([
    ['a 200 delivers', 200, '{"name":"projects/p/messages/1"}', 'delivered', undefined],
    ['a 200 delivers whatever it says', 200, 'rubbish', 'delivered', undefined],
    ['UNREGISTERED is gone', 404, body(fcm('UNREGISTERED')), 'gone', undefined],
    ['Apple’s 410 is gone', 400, body(fcm('INVALID_ARGUMENT'), apns(410, 'Unregistered')), 'gone', undefined],
    [
      'Apple’s 410 is gone wherever the detail stands',
      400,
      body(apns(410, 'Unregistered'), fcm('INVALID_ARGUMENT')),
      'gone',
      undefined,
    ],
    ['a bare 404 is a wrong project', 404, body(), 'refused', 'http_404'],
    ['an empty 404 is a wrong project', 404, '', 'refused', 'http_404'],
    ['a 404 in HTML is a wrong project', 404, '<html>UNREGISTERED</html>', 'refused', 'http_404'],
    ['a 410 without a word of Apple is no death', 410, body(fcm('INVALID_ARGUMENT')), 'refused', 'http_410'],
    ['a bare 400 is our mistake', 400, body(), 'refused', 'http_400'],
    ['a 400 with a BadRequest is our mistake', 400, body(violation), 'refused', 'http_400'],
    ['a malformed token keeps its registration', 400, body(fcm('INVALID_ARGUMENT')), 'refused', 'http_400'],
    [
      'another code of Apple is not gone',
      400,
      body(fcm('INVALID_ARGUMENT'), apns(400, 'BadDeviceToken')),
      'refused',
      'http_400',
    ],
    [
      'THIRD_PARTY_AUTH_ERROR concerns the project',
      401,
      body(fcm('THIRD_PARTY_AUTH_ERROR'), apns(403, 'InvalidProviderToken')),
      'refused',
      'third_party_auth',
    ],
    [
      'SENDER_ID_MISMATCH keeps the registration',
      403,
      body(fcm('SENDER_ID_MISMATCH')),
      'refused',
      'sender_id_mismatch',
    ],
    ['a 403 is a matter of the project', 403, body(), 'refused', 'http_403'],
    ['a 401 may be mended by a fresh token', 401, body(), 'retry', 'unauthenticated'],
    ['a 429 is tried again', 429, body(fcm('QUOTA_EXCEEDED')), 'retry', 'http_429'],
    ['a 500 is tried again', 500, body(fcm('INTERNAL')), 'retry', 'http_500'],
    ['a 502 in HTML is tried again', 502, '<html>', 'retry', 'http_502'],
    ['a 503 is tried again', 503, body(fcm('UNAVAILABLE')), 'retry', 'http_503'],
    ['UNSPECIFIED_ERROR counts as its status', 503, body(fcm('UNSPECIFIED_ERROR')), 'retry', 'http_503'],
    ['a redirect is refused', 302, '', 'refused', 'http_302'],
  ])('%s', (_, status, text, outcome, reason) => {
    expect(readFcmAnswer(status, text, undefined)).toMatchObject({
      outcome,
      ...(reason !== undefined && { reason }),
    });
  });

  test.each([
    [404, body(fcm('NOT_FOUND')), 'device'],
    [404, body(), 'provider'],
    [400, body(), 'device'],
    [403, body(), 'provider'],
  ])('a refusal with %i and %s blames the %s', (status, text, blames) => {
    expect(readFcmAnswer(status, text, undefined)).toEqual({
      outcome: 'refused',
      reason: `http_${status}`,
      blames,
    });
  });

  test.each([
    [429, { outcome: 'retry', reason: 'http_429', afterMs: 7000 }],
    [503, { outcome: 'retry', reason: 'http_503', afterMs: 7000 }],
  ])('a %i keeps its Retry-After', (status, delivery) => {
    expect(readFcmAnswer(status, '', 7000)).toMatchObject(delivery);
  });

  test.each([
    ['null', 'null'],
    ['an array', '[]'],
    ['an error that is a text', '{"error":"UNREGISTERED"}'],
    ['details that are no array', '{"error":{"details":{"errorCode":"UNREGISTERED"}}}'],
    ['details of nothing', body(null, 7, 'x', [])],
    ['a code that is no text', body({ '@type': FCM, errorCode: 7 })],
    ['a code in a detail of another type', body({ '@type': BAD_REQUEST, errorCode: 'UNREGISTERED' })],
    ['a code without a type', body({ errorCode: 'UNREGISTERED' })],
    ['a code in the status alone', '{"error":{"status":"UNREGISTERED","message":"UNREGISTERED"}}'],
  ])('an answer of an unexpected form evicts no device: %s', (_, text) => {
    expect(readFcmAnswer(404, text, undefined)).toMatchObject({ outcome: 'refused', reason: 'http_404' });
  });

  test('a detail of an unexpected form does not hide the detail beside it', () => {
    expect(readFcmAnswer(404, body(null, { '@type': 7 }, fcm('UNREGISTERED')), undefined)).toEqual({
      outcome: 'gone',
    });
  });

  test('only UNREGISTERED and Apple’s 410 are gone, and no answer throws', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => body(value)),
    );
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), text, (status, answer) => {
        fc.pre(!answer.includes('UNREGISTERED') && !answer.includes('410'));
        expect(readFcmAnswer(status, answer, undefined).outcome).not.toBe('gone');
      }),
    );
  });
});
