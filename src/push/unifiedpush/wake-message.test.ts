import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WebPushSubscription } from '../../../stand-ins/web-push-subscription.ts';
import { wakeMessage, writeNotice } from './wake-message.ts';

const subscription = new WebPushSubscription('https://push.example/up');
const { endpoint, keys } = subscription;
const keyed = { type: 'unifiedpush', endpoint, keys } as const;
const SILENT = writeNotice(undefined);
const NOTICE = { title: 'Mostro: "news" für dich', url: 'https://app.example/#/trades' };
const wake = fc.record({
  kind: fc.constantFrom('silent_wake' as const, 'chat_wake' as const),
  timestamp: fc.integer({ min: 1, max: 99_999_999_999 }),
});

describe('the wake for a subscription', () => {
  test('has its kind and its second, and the same length and headers as every other wake', () => {
    fc.assert(
      fc.property(wake, (one) => {
        const { headers, body } = wakeMessage(keyed, one, SILENT);
        expect(subscription.decrypt(Buffer.from(body))).toBe(
          `{"type":"${one.kind}","timestamp":${one.timestamp}}`,
        );
        expect(body).toHaveLength(231);
        expect(headers).toEqual({
          ttl: '86400',
          urgency: 'high',
          topic: 'mostro-wake',
          'content-type': 'application/octet-stream',
          'content-encoding': 'aes128gcm',
        });
      }),
      { numRuns: 50 },
    );
  });
});

test('the wake for a subscription has the notice of the operator, the same for every wake and in one length', () => {
  const notice = writeNotice(NOTICE);
  fc.assert(
    fc.property(wake, (one) => {
      const { headers, body } = wakeMessage(keyed, one, notice);
      expect(JSON.parse(subscription.decrypt(Buffer.from(body)))).toEqual({
        type: one.kind,
        timestamp: one.timestamp,
        web_push: 8030,
        notification: { title: NOTICE.title, navigate: NOTICE.url },
      });
      expect([body.length, headers]).toEqual([103 + 256, wakeMessage(keyed, one, SILENT).headers]);
    }),
    { numRuns: 50 },
  );
  // The longest title and address that the configuration takes.
  const longest = writeNotice({
    title: '\u{1F4B8}'.repeat(100),
    url: `https://app.example/${'x'.repeat(480)}`,
  });
  const push = { kind: 'silent_wake', timestamp: 1_700_000_000 } as const;
  expect(wakeMessage(keyed, push, longest).body.length).toBeLessThan(4096);
});

test('the wake for an endpoint with several sets of keys has no topic, so that it replaces no wake of another set', () => {
  const { headers } = wakeMessage(
    { ...keyed, sharesEndpoint: true },
    { kind: 'silent_wake', timestamp: 1 },
    SILENT,
  );
  expect(headers).toEqual({
    ttl: '86400',
    urgency: 'high',
    'content-type': 'application/octet-stream',
    'content-encoding': 'aes128gcm',
  });
});

describe('the wake for an endpoint without keys', () => {
  test('is the same JSON, not encrypted', () => {
    fc.assert(
      fc.property(wake, fc.constantFrom(SILENT, writeNotice(NOTICE)), (one, notice) => {
        const { headers, body } = wakeMessage({ type: 'unifiedpush', endpoint }, one, notice);
        expect(Buffer.from(body).toString()).toBe(`{"type":"${one.kind}","timestamp":${one.timestamp}}`);
        expect(headers).toEqual({ ttl: '86400', urgency: 'high', 'content-type': 'application/json' });
      }),
    );
  });
});
