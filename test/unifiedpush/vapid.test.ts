import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { webPushRefusal } from '../../stand-ins/strict-web-push.ts';
import { readVapidToken } from '../../stand-ins/vapid-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { apiServer, countsOf } from '../support/api-server.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { vapidKeyOf } from '../support/vapid-key-of.ts';
import { eventFor } from '../support/wire-events.ts';

const CONTACT = { VAPID_SUBJECT: 'mailto:ops@push.example' };

test.each([401, 403])(
  'a push server that refuses the VAPID token once, with %i, gets a fresh token at once, and the wake is delivered',
  async (status) => {
    const { relay, server, phone } = await setScene({ environment: CONTACT });
    const push = keep(await UnifiedPushStandIn.start());
    push.answer = () => (push.pushes.count === 1 ? { status } : undefined);
    const alice = await phone({ subscription: new WebPushSubscription(push.endpoint('Alice')) });
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="delivered"}', 1);
    const tokens = push.pushes.all.map(({ headers }) => headers.authorization);
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(2);
  },
);

test.each([401, 403])(
  'a push server that refuses every VAPID token, with %i, gets two tokens and then a pause, and no device is evicted',
  async (status) => {
    const { relay, server, phone } = await setScene({ environment: CONTACT });
    const push = keep(await UnifiedPushStandIn.start());
    push.answer = () => ({ status });
    const alice = await phone({ subscription: new WebPushSubscription(push.endpoint('Alice')) });
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="refused"}', 1);
    expect(push.pushes.count).toBe(2);
    expect(await countsOf(server)).toContain('"webpush":1');
    expect(server.log.all).toContainEqual(
      expect.objectContaining({ msg: 'wake.device_refused', reason: `vapid_http_${status}` }),
    );
    push.answer = undefined;
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="delivered"}', 1);
  },
);

const [OLD_KEY, NEW_KEY] = ['11'.repeat(32), '22'.repeat(32)];
const ROTATED = { ...CONTACT, SERVER_PRIVATE_KEY: NEW_KEY, SERVER_PRIVATE_KEY_PREVIOUS: OLD_KEY };

test('a subscription for the Web Push key of before is woken after a change of the server key, while the previous key is set', async () => {
  const before = await vapidKeyOf(await apiServer({ SERVER_PRIVATE_KEY: OLD_KEY }));
  const { relay, server, phone } = await setScene({ environment: ROTATED });
  const now = await vapidKeyOf(server);
  expect(now).not.toBe(before);
  const push = keep(await UnifiedPushStandIn.start());
  const bound: Readonly<Record<string, string>> = { upOld: before, upNew: now };
  push.answer = (message) => webPushRefusal(message, push.baseUrl, bound[message.path.slice(1, 6)] ?? '');
  for (const [name, attempts] of [
    ['Old', 2],
    ['New', 1],
    ['Old', 2],
  ] as const) {
    push.pushes.clear();
    const subscriber = await phone({ subscription: new WebPushSubscription(push.endpoint(name)) });
    relay.broadcast(eventFor([subscriber.tradePubkey]));
    const pushes = await push.pushes.atLeast(attempts);
    const keys = pushes.map(({ headers }) => readVapidToken(headers.authorization)?.publicKey);
    expect(keys).toEqual(attempts === 1 ? [now] : [now, before]);
  }
  await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="delivered"}', 3);
});

test('a push server that refuses the previous key too gets one more push for a wake, and fresh tokens for the next one', async () => {
  const { relay, server, phone } = await setScene({ environment: ROTATED });
  const push = keep(await UnifiedPushStandIn.start());
  push.answer = () => ({ status: 403 });
  const refused = 'mostro_push_pushes_total{provider="unifiedpush",outcome="refused"}';
  for (const name of ['Alice', 'Bob']) {
    const { tradePubkey } = await phone({ subscription: new WebPushSubscription(push.endpoint(name)) });
    relay.broadcast(eventFor([tradePubkey]));
    await untilMetric(server, refused, name === 'Alice' ? 1 : 2);
  }
  const tokens = push.pushes.all.map(({ headers }) => headers.authorization);
  expect([tokens.length, new Set(tokens).size]).toEqual([4, 4]);
});

test('browsers are told what to show, for every wake of a subscription, if the operator has a notice', async () => {
  const { relay, server, phone } = await setScene({
    environment: {
      ...CONTACT,
      WEBPUSH_NOTICE_TITLE: 'News of a trade',
      WEBPUSH_NOTICE_URL: 'https://app.example',
      TOKEN_TTL_HOURS: '0.5',
    },
  });
  const push = keep(await UnifiedPushStandIn.start());
  const subscription = new WebPushSubscription(push.endpoint('Alice'));
  const alice = await phone({ subscription });
  const bare = await phone({ endpoint: push.endpoint('Bob') });
  relay.broadcast(eventFor([alice.tradePubkey, bare.tradePubkey]));
  const bodies = (await push.pushes.atLeast(2)).map(({ body, path }) =>
    path.startsWith('/upAlice') ? subscription.decrypt(body) : body.toString(),
  );
  const usual = expect.stringMatching(/^\{"type":"silent_wake","timestamp":\d{10}\}$/);
  const notice =
    ',"web_push":8030,"notification":{"title":"News of a trade","navigate":"https://app.example/"}}';
  expect(bodies.toSorted((a, b) => a.length - b.length)).toEqual([usual, expect.stringContaining(notice)]);
  expect(await (await fetch(`${server.apiUrl}/api/info`)).json()).toHaveProperty(
    'registration_ttl_seconds',
    1800,
  );
});

test('a push server that refuses VAPID tokens gets no token for an endpoint without keys, and one request', async () => {
  const { relay, server, phone } = await setScene({ environment: CONTACT });
  const push = keep(await UnifiedPushStandIn.start());
  push.answer = () => ({ status: 403 });
  const alice = await phone({ endpoint: push.endpoint('Alice') });
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="refused"}', 1);
  expect(push.pushes.all.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test('/api/info has the sizes, the platforms and the VAPID key', async () => {
  const { apiUrl } = await apiServer();
  expect(await (await fetch(`${apiUrl}/api/info`)).json()).toMatchObject({
    encrypted_token_size: 281,
    encrypted_token_sizes: [281, 1085],
    platforms: ['android', 'ios', 'web', 'webpush'],
    vapid_public_key: expect.stringMatching(/^B[\w-]{86}$/),
  });
});

test('/api/info has the same VAPID key after a restart with the same server key, and a configured key if there is one', async () => {
  const environment = { SERVER_PRIVATE_KEY: '11'.repeat(32) };
  const keys = [
    await vapidKeyOf(await apiServer(environment)),
    await vapidKeyOf(await apiServer(environment)),
    await vapidKeyOf(await apiServer()),
    await vapidKeyOf(await apiServer({ ...environment, VAPID_PRIVATE_KEY: '01'.padStart(64, '0') })),
  ];
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
  // The generator of P-256.
  expect(Buffer.from(keys[3] ?? '', 'base64url').toString('hex')).toMatch(
    /^046b17d1f2e12c4247f8bce6e563a440f2/,
  );
});

test('/api/info has neither webpush nor a VAPID key if UnifiedPush is off', async () => {
  const { apiUrl } = await apiServer({ UNIFIEDPUSH_ENABLED: 'false' });
  const info = (await (await fetch(`${apiUrl}/api/info`)).json()) as object;
  expect(info).toMatchObject({ platforms: ['android', 'ios', 'web'] });
  expect(info).not.toHaveProperty('vapid_public_key');
});
