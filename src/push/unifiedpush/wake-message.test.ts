import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WebPushSubscription } from '../../../stand-ins/web-push-subscription.ts';
import { wakeMessage } from './wake-message.ts';

const subscription = new WebPushSubscription('https://push.example/up');
const { endpoint, keys } = subscription;
const keyed = { type: 'unifiedpush', endpoint, keys } as const;
const wake = fc.record({
  kind: fc.constantFrom('silent_wake' as const, 'chat_wake' as const),
  timestamp: fc.integer({ min: 1, max: 99_999_999_999 }),
});

describe('the wake for a subscription', () => {
  test('has its kind and its second, and the same length and headers as every other wake', () => {
    fc.assert(
      fc.property(wake, (one) => {
        const { headers, body } = wakeMessage(keyed, one);
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

test('the wake for an endpoint with several sets of keys has no topic, so that it replaces no wake of another set', () => {
  const { headers } = wakeMessage({ ...keyed, sharesEndpoint: true }, { kind: 'silent_wake', timestamp: 1 });
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
      fc.property(wake, (one) => {
        const { headers, body } = wakeMessage({ type: 'unifiedpush', endpoint }, one);
        expect(Buffer.from(body).toString()).toBe(`{"type":"${one.kind}","timestamp":${one.timestamp}}`);
        expect(headers).toEqual({ ttl: '86400', urgency: 'high', 'content-type': 'application/json' });
      }),
    );
  });
});
