import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { apiServer } from '../support/api-server.ts';
import { freePort } from '../support/free-port.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const NO_RELAY = 'no relay is subscribed and past EOSE';

async function readiness(adminUrl: string): Promise<{ status: number | undefined; body: unknown }> {
  const { status, text } = await call(`${adminUrl}/health/ready`);
  return { status, body: JSON.parse(text) };
}

test('the operator’s listener says that the server lives, whatever the relays do', async () => {
  const { adminUrl } = await apiServer();
  expect(await call(`${adminUrl}/health/live`)).toMatchObject({ status: 200 });
});

test('the operator’s listener says 503 with its reasons until a relay is live, 200 from then on, and 503 when it is gone', async () => {
  const port = await freePort();
  const { adminUrl } = keep(
    await startTestServer({
      environment: { NOSTR_RELAYS: `ws://127.0.0.1:${port}` },
      relayTiming: { reconnect: { baseMs: 5, maxMs: 5 } },
    }),
  );
  expect(await readiness(adminUrl)).toMatchObject({ status: 503, body: { reasons: [NO_RELAY] } });
  const relay = await RelayStandIn.start({ port });
  await expect.poll(() => readiness(adminUrl)).toMatchObject({ status: 200 });
  await relay.stop();
  await expect.poll(() => readiness(adminUrl)).toMatchObject({ status: 503 });
});

test('the operator’s listener says 503 with its reason when no provider can deliver', async () => {
  const relay = keep(await RelayStandIn.start());
  const environment = { UNIFIEDPUSH_ENABLED: 'false' };
  const { adminUrl } = keep(await startTestServer({ relays: [relay], environment }));
  await expect
    .poll(() => readiness(adminUrl))
    .toMatchObject({ status: 503, body: { reasons: ['no enabled push provider can deliver'] } });
});

test('the operator’s listener gives the metrics as Prometheus text, every name with our prefix', async () => {
  const { relay, google, server, phone } = await setScene();
  relay.broadcast(eventFor([(await phone()).tradePubkey]));
  await google.pushes.atLeast(1);
  const { status, headers, text } = await call(`${server.adminUrl}/metrics`);
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(samples.length).toBeGreaterThan(20);
  expect(samples.filter((line) => !line.startsWith('mostro_push_'))).toEqual([]);
  expect(samples).toContain('mostro_push_registrations{platform="android"} 1');
  expect(samples).toContain('mostro_push_events_received_total{kind="1059"} 1');
  await expect
    .poll(async () => (await call(`${server.adminUrl}/metrics`)).text)
    .toContain('mostro_push_seen_events 1\n');
});

test.each(['evil.example', 'evil.example:9464', 'localhost.evil.example', '127.0.0.1.evil.example'])(
  'the operator’s listener refuses the foreign Host %s on every path, and says nothing',
  async (host) => {
    const { adminUrl } = await apiServer();
    for (const path of ['/metrics', '/health/ready', '/health/live', '/nothing']) {
      const answer = await call(`${adminUrl}${path}`, { headers: { host } });
      expect(answer.status).toBe(421);
      expect(answer.text).not.toContain('mostro_push');
    }
  },
);

test.each(['localhost:9464', '127.0.0.1', '[::1]:9464'])(
  'the operator’s listener answers under its own Host %s',
  async (host) => {
    const { adminUrl } = await apiServer();
    expect(await call(`${adminUrl}/metrics`, { headers: { host } })).toMatchObject({ status: 200 });
  },
);

test('the operator’s listener is not the public one: neither has the other’s paths', async () => {
  const { adminUrl, apiUrl } = await apiServer();
  expect(await call(`${apiUrl}/metrics`)).toMatchObject({ status: 404 });
  expect(await call(`${apiUrl}/health/ready`)).toMatchObject({ status: 404 });
  expect(await call(`${adminUrl}/api/status`)).toMatchObject({ status: 404 });
});
