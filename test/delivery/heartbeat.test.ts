import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilMetric } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

test('under heartbeat every device is woken on its beat, without an event, with retries, and after a restart; events and calls change nothing', async () => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const DATA_DIR = await tempDirectory();
  const start = async (): Promise<TestServer> => {
    const policy = { WAKE_POLICY: 'heartbeat', WAKE_HEARTBEAT_MINUTES: '0.1' };
    const environment = { STORE: 'file', DATA_DIR, ...policy };
    return keep(await startTestServer({ relays: [relay], google, environment }));
  };
  const first = await start();
  const devices = await registerDevices(first, 12);
  const [loud, failing] = devices;
  const untilAllAreWoken = async (): Promise<void> => {
    const tokens = new Set(devices.map(({ token }) => token));
    const patience = { timeout: PATIENCE_MS, interval: 50 };
    await expect.poll(() => new Set(google.pushes.all.map(({ token }) => token)), patience).toEqual(tokens);
  };
  const failed = new Set<string>();
  google.answer = ({ token }) => {
    if (token !== failing?.token || failed.has(token)) return undefined;
    failed.add(token);
    return fcmError(503);
  };
  for (let n = 0; n < 3; n++) relay.broadcast(eventFor([loud?.key ?? '']));
  await first.post('/api/notify', { trade_pubkey: loud?.key });
  await untilMetric(first, 'mostro_push_events_rejected_total{reason="heartbeat"}', 3);
  expect(await first.metric('mostro_push_events_verified_total')).toBe(0);
  await untilAllAreWoken();
  expect(await first.metric('mostro_push_wakes_retried_total{provider="fcm"}')).toBe(1);
  const { body } = google.pushes.all[0] ?? {};
  expect(body).toMatchObject({ message: { data: { type: 'silent_wake' } } });
  await first.stop();
  google.pushes.clear();
  await start();
  await untilAllAreWoken();
});
