import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Push } from '../../core/lanes/delivery.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import { fcmMessage, FcmTemplate } from './fcm-message.ts';

const TARGET = fcmTarget('the-token');
const FID_TARGET = fcmTarget('fid:cAbC_dEf-0123456789xyz');

function silent(type: string): object {
  return {
    message: {
      token: 'the-token',
      data: { type, source: 'mostro-push-server', timestamp: '1700000000' },
      android: { priority: 'HIGH', ttl: '86400s' },
      apns: {
        headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
        payload: { aps: { 'content-available': 1 } },
      },
      webpush: { headers: { TTL: '86400', Urgency: 'high' } },
    },
  };
}

function message(kind: Push['kind'], mode: 'silent' | 'alert', dataType?: string): unknown {
  return JSON.parse(fcmMessage(TARGET, { kind, timestamp: 1_700_000_000 }, { mode, dataType }));
}

describe('the body of an FCM push', () => {
  test('is silent for a relay event', () => {
    expect(message('silent_wake', 'silent')).toEqual(silent('silent_wake'));
  });

  test.each(['silent', 'alert'] as const)('is silent for a chat message in the mode %s', (mode) => {
    expect(message('chat_wake', mode)).toEqual(silent('chat_wake'));
  });

  test("is the incumbent's notice for a relay event in the mode alert", () => {
    const notification = { title: 'Mostro', body: 'You have an update on your trade' };
    expect(message('silent_wake', 'alert')).toEqual({
      message: {
        token: 'the-token',
        notification,
        data: { type: 'trade_update', source: 'mostro-push-server', timestamp: '1700000000' },
        android: {
          priority: 'HIGH',
          ttl: '86400s',
          notification: {
            tag: 'mostro-trade',
            channel_id: 'mostro_notifications',
            default_vibrate_timings: true,
          },
        },
        apns: {
          headers: { 'apns-priority': '10', 'apns-collapse-id': 'mostro-trade' },
          payload: {
            aps: {
              alert: notification,
              'content-available': 1,
              'mutable-content': 1,
              'thread-id': 'mostro-trade',
            },
          },
        },
      },
    });
  });

  test('has the installation id of a device in the place of the token, and is the same in all else', () => {
    const push = { kind: 'silent_wake', timestamp: 1_700_000_000 } as const;
    const body = fcmMessage(FID_TARGET, push, { mode: 'silent' });
    expect(body).toBe(
      fcmMessage(TARGET, push, { mode: 'silent' }).replace(
        '"token":"the-token"',
        '"fid":"cAbC_dEf-0123456789xyz"',
      ),
    );
  });

  test('has the chosen word as the type of a relay wake, in both modes, and never of a chat wake', () => {
    expect(message('silent_wake', 'silent', 'tradeUpdate')).toEqual(silent('tradeUpdate'));
    expect(message('silent_wake', 'alert', 'tradeUpdate')).toMatchObject({
      message: { data: { type: 'tradeUpdate' } },
    });
    expect(message('chat_wake', 'silent', 'tradeUpdate')).toEqual(silent('chat_wake'));
  });

  test('differs from another of its kind only in the token and the time', () => {
    const token = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
    fc.assert(
      fc.property(
        token,
        fc.nat(),
        fc.constantFrom('silent' as const, 'alert' as const),
        (text, timestamp, mode) => {
          const body = fcmMessage(fcmTarget(text), { kind: 'silent_wake', timestamp }, { mode });
          const usual = fcmMessage(TARGET, { kind: 'silent_wake', timestamp: 1_700_000_000 }, { mode });
          const expected = usual
            .replace('"the-token"', () => JSON.stringify(text))
            .replace('"1700000000"', () => `"${timestamp}"`);
          expect(body).toBe(expected);
        },
      ),
    );
  });
});

const wakes = fc.array(
  fc.tuple(
    fc.oneof(fc.string({ minLength: 1 }), fc.constant(FID_TARGET.token)),
    fc.record({
      kind: fc.constantFrom('silent_wake' as const, 'chat_wake' as const),
      timestamp: fc.integer({ min: 1_700_000_000, max: 1_700_000_002 }),
    }),
  ),
  { maxLength: 12 },
);

test.each(['silent', 'alert'] as const)(
  'a template of the mode %s gives the same bytes as a message built from scratch',
  (mode) => {
    fc.assert(
      fc.property(wakes, (pushes) => {
        const template = new FcmTemplate({ mode });
        for (const [token, wake] of pushes)
          expect(template.message(fcmTarget(token), wake)).toBe(fcmMessage(fcmTarget(token), wake, { mode }));
      }),
    );
  },
);
