import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { call } from '../support/http.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

async function infoOf(apiUrl: string): Promise<Record<string, unknown>> {
  return JSON.parse((await call(`${apiUrl}/api/info`)).text) as Record<string, unknown>;
}

test('a server that offers no wake policy says so, and refuses a client that asks for one', async () => {
  const { server, phone } = await setScene();
  const info = await infoOf(server.apiUrl);
  expect(info).toMatchObject({ wake_policy: 'prompt', wake_policies_offered: [] });
  expect(Object.keys(info).filter((name) => name.startsWith('wake_'))).toHaveLength(2);
  const refused = { success: false, message: 'Wake policy not offered' };
  const key = (await phone()).tradePubkey;
  for (const wake_policy of ['slots', 'Slots', 'sometimes', 7, {}]) {
    const body = { trade_pubkey: key, token: 'another-token', platform: 'ios', wake_policy };
    expect(await server.post('/api/register', body)).toMatchObject({ status: 400, body: refused });
  }
  // Nothing has changed: the key points at its first device.
  expect((await call(`${server.apiUrl}/api/status`)).text).toContain('"android":1,"ios":0');
});

test('in every shape of register a client gets the wake policy that it asks for, and is told so', async () => {
  const { google, relay, server, phone } = await setScene({
    environment: { WAKE_POLICIES_OFFERED: 'slots,heartbeat', WAKE_SLOT_SECONDS: '1' },
  });
  const info = await infoOf(server.apiUrl);
  expect(info).toMatchObject({
    wake_policy: 'prompt',
    wake_policies_offered: ['slots', 'heartbeat'],
    wake_slot_seconds: 1,
    wake_heartbeat_minutes: 20,
  });
  expect(info).not.toHaveProperty('wake_cohort_size');
  const serverPubkey = String(info['server_pubkey']);
  const subscription = new WebPushSubscription('https://push.example.org/a');
  const shapes = [
    { token: 'a-token', platform: 'android' },
    { encrypted_token: sealToken({ serverPubkey, platform: 'android', token: 'a-token' }) },
    { subscription },
  ];
  const { tradePubkey: trade_pubkey } = await phone();
  for (const shape of shapes)
    for (const [asked, told] of [
      ['slots', { wake_policy: 'slots' }],
      ['prompt', { wake_policy: 'prompt' }],
      [null, {}],
    ] as const) {
      const { status, text } = await server.post('/api/register', {
        trade_pubkey,
        ...shape,
        wake_policy: asked,
      });
      const platform = 'subscription' in shape ? 'webpush' : 'android';
      const success = { success: true, message: 'Token registered successfully', platform };
      expect([status, JSON.parse(text)]).toEqual([200, { ...success, ...told }]);
    }
  const [alice, bob] = [await phone(), await phone({ named: { wake_policy: 'slots' } })];
  const carol = await phone({ named: { wake_policy: 'heartbeat' } });
  for (const { tradePubkey } of [alice, bob, carol]) relay.broadcast(eventFor([tradePubkey]));
  const pushes = await google.pushes.atLeast(2);
  expect(pushes.map(({ token }) => token).toSorted()).toEqual([alice.token, bob.token].toSorted());
  expect(await server.metric('mostro_push_wakes_released_total{policy="prompt"}')).toBe(1);
  expect(await server.metric('mostro_push_wakes_released_total{policy="slots"}')).toBe(1);
  await untilMetric(server, 'mostro_push_events_rejected_total{reason="heartbeat"}', 1);
  expect(await server.metric('mostro_push_wake_policy{policy="prompt"}')).toBe(1);
  for (const policy of ['slots', 'heartbeat'])
    expect(await server.metric(`mostro_push_devices_with_policy{policy="${policy}"}`)).toBe(1);
  const shown = JSON.parse((await call(`${server.adminUrl}/dashboard.json`)).text) as object;
  const lastLateMs = expect.any(Number) as number;
  expect(shown).toMatchObject({
    policies: { server: 'prompt', chosen: { slots: 1, heartbeat: 1 }, lastLateMs },
  });
});
