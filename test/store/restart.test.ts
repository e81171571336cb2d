import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilMetric } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import {
  BEATS_ARE_PUSHES,
  COVERS_ARE_PUSHES,
  isLeftOut,
  PUSHES_ARE_COUNTED,
} from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);
const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);
const COVERS = isLeftOut(COVERS_ARE_PUSHES);

interface Stage {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  /** Starts a server over the same directory. */
  readonly start: (options?: TestServerOptions) => Promise<TestServer>;
}

async function setStage(): Promise<Stage> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const DATA_DIR = await tempDirectory();
  const start = async ({ environment, ...options }: TestServerOptions = {}): Promise<TestServer> =>
    keep(
      await startTestServer({
        relays: [relay],
        google,
        environment: { STORE: 'file', DATA_DIR, ...environment },
        ...options,
      }),
    );
  return { relay, google, start };
}

const KINDS = [1059, 14];

test.skipIf(BEATS)(
  'events that were published while the server was stopped wake each device once, and no device that was woken before',
  async () => {
    const { google, relay, start } = await setStage();
    const first = await start();
    const devices = await registerDevices(first, 40);
    const before = devices.slice(0, 20);
    for (const [n, { key }] of before.entries()) {
      const event = eventFor([key], { kind: KINDS[n % 2] ?? 14 });
      relay.store(event);
      relay.broadcast(event);
    }
    await google.pushes.atLeast(before.length);
    await first.stop();
    google.pushes.clear();

    // Two events for each of ten devices that were woken before, and of ten that were not.
    const missed = devices.slice(10, 30);
    for (const kind of KINDS) for (const { key } of missed) relay.store(eventFor([key], { kind }));
    const second = await start();
    await google.pushes.atLeast(missed.length);
    await untilMetric(second, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    await untilMetric(second, 'mostro_push_wakes_pending{provider="fcm"}', 0);
    expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
      missed.map(({ token }) => token).toSorted(),
    );

    await second.stop();
    google.pushes.clear();
    const third = await start();
    await untilMetric(third, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    const last = await registerDevices(third, 1, () => 'token-of-the-last-one');
    relay.broadcast(eventFor([last[0]?.key ?? '']));
    await google.pushes.atLeast(1);
    expect(google.pushes.all.map(({ token }) => token)).toEqual(['token-of-the-last-one']);
  },
);

test('events that were published while the server was stopped are asked for from the last proof of life on, and gift wraps from two days earlier', async () => {
  const { relay, start } = await setStage();
  const first = await start();
  await registerDevices(first, 1);
  const stoppedAt = Date.now() / 1000;
  await first.stop();
  relay.requests.clear();
  await start();
  const pages = await relay.requests.atLeast(2, {
    where: ({ filters: [filter] }) => filter?.since !== undefined,
  });
  for (const { filters } of pages) {
    const [{ kinds = [], since = 0 } = {}] = filters;
    const back = kinds[0] === 14 ? 15 * 60 : 48 * 3600 + 15 * 60;
    expect(since).toBeLessThanOrEqual(stoppedAt - back);
    expect(since).toBeGreaterThan(stoppedAt - back - 120);
  }
});

test.skipIf(COUNTED)(
  'a device that was owed a wake when the server was stopped gets one wake after the start, also for events that came meanwhile',
  async () => {
    const { google, relay, start } = await setStage();
    const first = await start({ environment: { WAKE_DEADLINE_SECONDS: '0.3' } });
    const devices = await registerDevices(first, 10);
    google.answer = () => fcmError(503);
    for (const { key } of devices) relay.broadcast(eventFor([key]));
    await untilMetric(first, 'mostro_push_devices_owed{provider="fcm"}', 10);
    await first.stop();
    google.answer = undefined;
    for (const { key } of devices.slice(0, 5)) relay.store(eventFor([key]));
    // Owed wakes are held like any other for a device that was just woken: here until the stop, so that recoveries come before.
    const second = await start({ environment: { BATCH_DELAY_MS: '600000' } });
    await untilMetric(second, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    await second.stop();
    expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
      devices.map(({ token }) => token).toSorted(),
    );
    google.pushes.clear();
    const third = await start();
    await untilMetric(third, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    expect(google.pushes.count).toBe(0);
  },
);

test.skipIf(COVERS)(
  'a device that was owed a wake when the server was stopped because FCM had no credentials gets it when it has',
  async () => {
    const { google, relay, start } = await setStage();
    const first = await start({ environment: { FIREBASE_SERVICE_ACCOUNT_PATH: '' } });
    const [device] = await registerDevices(first, 1);
    relay.broadcast(eventFor([device?.key ?? '']));
    await untilMetric(first, 'mostro_push_wakes_turned_away_total{provider="fcm"}', 1);
    await first.stop();
    await start();
    const [push] = await google.pushes.atLeast(1);
    expect(push?.token).toBe(device?.token);
  },
);
