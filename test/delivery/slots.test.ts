import { join } from 'node:path';

import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilPage } from '../support/metrics-page.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { slotsWithoutAnEdge } from '../support/wake-policy.ts';
import { eventFor } from '../support/wire-events.ts';

const NO_EDGE = { ...slotsWithoutAnEdge(), WAKE_POLICY: 'slots' };
const SLOTS = { ...NO_EDGE, WAKE_SLOT_SECONDS: '1' };
/** No edge comes while a test runs. */
const LONG = { ...NO_EDGE, SHUTDOWN_TIMEOUT_SECONDS: '1' };

test('under slots an event, an announced chat message and a retry wake, all with the body of a relay wake', async () => {
  const { google, relay, server, phone } = await setScene({ environment: SLOTS });
  const [alice, bob, carol] = [await phone(), await phone({ kind: 'ios' }), await phone()];
  const failed = new Set<string>();
  google.answer = ({ token }) => {
    if (token !== carol.token || failed.has(token)) return undefined;
    failed.add(token);
    return fcmError(503);
  };
  for (const { tradePubkey } of [alice, carol]) relay.broadcast(eventFor([tradePubkey]));
  await server.post('/api/notify', { trade_pubkey: bob.tradePubkey });
  const pushes = await google.pushes.atLeast(3);
  expect(pushes.map(({ token }) => token).toSorted()).toEqual(
    [alice.token, bob.token, carol.token].toSorted(),
  );
  expect(await server.metric(`mostro_push_wakes_retried_total{provider="fcm"}`)).toBe(1);
  const types = pushes.map(({ body }) => (body as { message: { data: { type: string } } }).message.data.type);
  expect(new Set(types)).toEqual(new Set(['silent_wake']));
  expect(await server.metric('mostro_push_wakes_released_total{policy="slots"}')).toBe(3);
  expect(await server.metric('mostro_push_slot_bursts_total')).toBeGreaterThan(0);
  expect(await server.metric('mostro_push_slot_late_seconds_count')).toBeGreaterThan(0);
});

test('a stop in the middle of a slot without a store sends the wakes at once, and loses none', async () => {
  const environment = { ...LONG, STORE: 'memory' };
  const { google, relay, server, phone } = await setScene({ environment });
  const phones = [await phone(), await phone()];
  for (const { tradePubkey } of phones) relay.broadcast(eventFor([tradePubkey]));
  await untilMetric(server, 'mostro_push_devices_held', 2);
  expect(google.pushes.count).toBe(0);
  await server.stop();
  expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
    phones.map(({ token }) => token).toSorted(),
  );
});

test('a program that is killed in the middle of a slot wakes at an edge after its next start', async () => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { ...(await googleEnvironment(google)), NOSTR_RELAYS: relay.url, STORE: 'file' };
  const first = await serve({ ...environment, ...LONG });
  await relay.subscribed(1059);
  const [device] = await registerDevices(first, 1);
  const event = eventFor([device?.key ?? '']);
  relay.store(event);
  relay.broadcast(event);
  await untilPage(first, 'mostro_push_devices_held', 1);
  first.program.kill('SIGKILL');
  await first.program.exited;
  const DATA_DIR = join(first.program.directory, 'data');
  keep(
    await startTestServer({ relays: [relay], google, environment: { STORE: 'file', DATA_DIR, ...SLOTS } }),
  );
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(device?.token);
});

test('a stop in the middle of a slot with a store leaves each wake to an edge after the start, once', async () => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const DATA_DIR = await tempDirectory();
  const start = async (policy: Record<string, string>): Promise<TestServer> => {
    const environment = { STORE: 'file', DATA_DIR, ...policy };
    return keep(await startTestServer({ relays: [relay], google, environment }));
  };
  const first = await start(LONG);
  const devices = await registerDevices(first, 3);
  const events = devices.map(({ key }) => eventFor([key]));
  for (const event of events) {
    relay.store(event);
    relay.broadcast(event);
  }
  await untilMetric(first, 'mostro_push_devices_held', 3);
  await first.stop();
  expect(google.pushes.count).toBe(0);
  const second = await start(SLOTS);
  await google.pushes.atLeast(3);
  await untilMetric(second, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
  await untilMetric(second, 'mostro_push_devices_held', 0);
  await untilMetric(second, 'mostro_push_wakes_pending{provider="fcm"}', 0);
  expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
    devices.map(({ token }) => token).toSorted(),
  );
});
