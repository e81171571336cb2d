import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
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
