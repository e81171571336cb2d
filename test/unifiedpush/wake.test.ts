import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { webPushRefusal } from '../../stand-ins/strict-web-push.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { readVapidToken } from '../../stand-ins/vapid-token.ts';
import { countsOf } from '../support/api-server.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { vapidKeyOf } from '../support/vapid-key-of.ts';
import { eventFor } from '../support/wire-events.ts';

const SUBJECT = 'mailto:ops@push.example';
const CONTACT = { VAPID_SUBJECT: SUBJECT };
const WAKE = /^\{"type":"silent_wake","timestamp":(\d{10})\}$/;

/** A push server that follows the standards strictly, for the key of this server. */
async function strictPushServer(server: { apiUrl: string }): Promise<UnifiedPushStandIn> {
  const standIn = keep(await UnifiedPushStandIn.start());
  const vapidKey = await vapidKeyOf(server);
  standIn.answer = (message) => webPushRefusal(message, standIn.baseUrl, vapidKey);
  return standIn;
}

test.each([
  ['sealed', true],
  ['plain', false],
])(
  'a Web Push subscription that was registered %s gets exactly the wake, encrypted, and no other server gets a push',
  async (_, sealed) => {
    const { relay, google, server, phone, woken } = await setScene({ environment: CONTACT });
    const [push, other] = [await strictPushServer(server), keep(await UnifiedPushStandIn.start())];
    const subscription = new WebPushSubscription(push.endpoint('Alice'));
    const alice = await phone({ subscription });
    // Registers the subscription in this form. Registering it again does not count twice.
    expect(await alice.register({ sealed })).toMatchObject({ status: 200, body: { platform: 'webpush' } });
    expect(await countsOf(server)).toBe('{"total":1,"android":0,"ios":0,"webpush":1}');

    relay.broadcast(eventFor([alice.tradePubkey]));
    const [message] = await push.pushes.atLeast(1);
    await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="delivered"}', 1);

    const [, timestamp] = WAKE.exec(subscription.decrypt(message?.body ?? Buffer.alloc(0))) ?? [];
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(10);
    expect(message).toMatchObject({
      method: 'POST',
      path: '/upAlice?up=1',
      headers: { ttl: '86400', urgency: 'high', topic: 'mostro-wake', 'content-encoding': 'aes128gcm' },
    });
    expect(readVapidToken(message?.headers.authorization)?.claims.sub).toBe(SUBJECT);
    expect(await woken()).toEqual([]);
    expect([google.refusals.count, push.pushes.count, other.pushes.count]).toEqual([0, 1, 0]);
  },
);

test('a Web Push subscription gets messages of one length that have nothing in common, for any event', async () => {
  const { relay, server, phone } = await setScene({ environment: CONTACT });
  const push = await strictPushServer(server);
  const subscriptions = ['Alice', 'Bobby', 'Carol'].map(
    (name) => new WebPushSubscription(push.endpoint(name)),
  );
  const phones = await Promise.all(subscriptions.map((subscription) => phone({ subscription })));
  for (const [n, content] of ['x', 'y'.repeat(5000), '', 'z'.repeat(99)].entries()) {
    for (const { tradePubkey } of phones)
      relay.broadcast(eventFor([tradePubkey], { content, kind: [14, 1059][n % 2] ?? 14 }));
    await push.pushes.atLeast(3 * (n + 1));
  }
  const messages = push.pushes.all;
  const heads = messages.map(({ headers, path }) => JSON.stringify([headers, path]).length);
  expect(new Set(messages.map(({ body }) => body.length))).toEqual(new Set([231]));
  expect(new Set(heads).size).toBe(1);
  for (const [from, to] of [
    [0, 16],
    [21, 86],
    [86, 231],
  ]) {
    const parts = messages.map(({ body }) => body.toString('latin1').slice(from, to));
    expect(new Set(parts).size).toBe(messages.length);
  }
});

test('a Web Push subscription is pushed to with one VAPID token for its push server, signed by the key of /api/info', async () => {
  const { relay, server, phone } = await setScene({ environment: CONTACT });
  const pushServers = [await strictPushServer(server), await strictPushServer(server)];
  for (const push of pushServers) {
    for (const name of ['Alice', 'Bob']) {
      const { tradePubkey } = await phone({ subscription: new WebPushSubscription(push.endpoint(name)) });
      relay.broadcast(eventFor([tradePubkey]));
    }
    await push.pushes.atLeast(2);
  }
  const tokens = pushServers.map(({ pushes }) => pushes.all.map(({ headers }) => headers.authorization));
  expect(tokens.map((one) => new Set(one).size)).toEqual([1, 1]);
  expect(tokens[0]).not.toEqual(tokens[1]);
  expect(readVapidToken(tokens[0]?.[0])?.publicKey).toBe(await vapidKeyOf(server));
});

test('a Web Push subscription is woken under its own keys, and replaces no other wake, even if other trade keys bring other keys for its endpoint', async () => {
  const { relay, phone } = await setScene({ environment: CONTACT });
  const push = keep(await UnifiedPushStandIn.start());
  const [victim, attacker] = [1, 2].map(() => new WebPushSubscription(push.endpoint('Alice')));
  if (victim === undefined || attacker === undefined) throw new Error('no subscriptions');
  const alice = await phone({ subscription: victim });
  const mallory = await phone({ subscription: attacker });
  await phone({ endpoint: push.endpoint('Alice') });
  relay.broadcast(eventFor([alice.tradePubkey]));
  const [first] = await push.pushes.atLeast(1);
  expect(victim.decrypt(first?.body ?? Buffer.alloc(0))).toMatch(WAKE);
  expect(() => attacker.decrypt(first?.body ?? Buffer.alloc(0))).toThrow('unable to authenticate');
  relay.broadcast(eventFor([mallory.tradePubkey]));
  const [, second] = await push.pushes.atLeast(2);
  expect(attacker.decrypt(second?.body ?? Buffer.alloc(0))).toMatch(WAKE);
  // If both had one topic, the push server would replace the first by the second (RFC 8030, 5.4).
  expect([first, second].map((message) => message?.headers['topic'])).toEqual([undefined, undefined]);
});

test('a Web Push endpoint is woken once for each set of keys by one event for trade keys with different sets', async () => {
  const { relay, phone } = await setScene({ environment: CONTACT });
  const push = keep(await UnifiedPushStandIn.start());
  const subscriptions = [1, 2].map(() => new WebPushSubscription(push.endpoint('Alice')));
  const phones = await Promise.all(subscriptions.map((subscription) => phone({ subscription })));
  relay.broadcast(eventFor(phones.map(({ tradePubkey }) => tradePubkey)));
  const messages = await push.pushes.atLeast(2);
  const readable = subscriptions.map((subscription) =>
    messages.filter(({ body }) => canRead(subscription, body)),
  );
  expect(readable.map(({ length }) => length)).toEqual([1, 1]);
});

test('a Web Push subscription gets its next wake under the new keys of its trade key, also a wake that already waits', async () => {
  const { relay, server, phone } = await setScene({
    environment: { ...CONTACT, RETRY_MIN_MS: '500', RETRY_BASE_MS: '0' },
  });
  const push = keep(await UnifiedPushStandIn.start());
  const [older, newer] = [1, 2].map(() => new WebPushSubscription(push.endpoint('Alice')));
  const alice = await phone({ ...(older && { subscription: older }) });
  push.answer = () => (push.pushes.count === 1 ? { status: 503 } : undefined);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await push.pushes.atLeast(1);
  const again = await server.post('/api/register', {
    trade_pubkey: alice.tradePubkey,
    subscription: newer,
  });
  expect(again).toMatchObject({ status: 200 });
  const [, second] = await push.pushes.atLeast(2);
  expect(newer?.decrypt(second?.body ?? Buffer.alloc(0))).toMatch(WAKE);
});

function canRead(subscription: WebPushSubscription, body: Buffer): boolean {
  try {
    return WAKE.test(subscription.decrypt(body));
  } catch {
    return false;
  }
}
