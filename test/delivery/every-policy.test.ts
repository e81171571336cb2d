import { randomBytes } from 'node:crypto';

import { beforeEach, expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import type { Device } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilMetric, untilMetricReaches } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { POLICY, slotsWithoutAnEdge } from '../support/wake-policy.ts';
import { eventFor } from '../support/wire-events.ts';

// What holds under every policy: after an event for a device, the device is woken. Devices are counted, and not pushes: cover wakes and
// beats are pushes too. Each policy is run by its own name in TEST_WAKE_POLICY.

/** Who is woken for an event of the n-th of six devices. Devices are dealt to cohorts of two as they come. */
const TOGETHER: Readonly<Record<typeof POLICY, (n: number) => number[]>> = {
  prompt: (n) => [n],
  slots: (n) => [n],
  cohorts: (n) => (n % 2 === 0 ? [n, n + 1] : [n - 1, n]),
  heartbeat: () => [0, 1, 2, 3, 4, 5],
};

/** No wake leaves by itself: a wake that is due stays due until the stop. */
const STILL: Readonly<Record<typeof POLICY, Record<string, string>>> = {
  prompt: { BATCH_DELAY_MS: '3600000' },
  slots: { ...slotsWithoutAnEdge(), SHUTDOWN_TIMEOUT_SECONDS: '1' },
  cohorts: { ...slotsWithoutAnEdge(), SHUTDOWN_TIMEOUT_SECONDS: '1' },
  heartbeat: { WAKE_HEARTBEAT_MINUTES: '1440' },
};

let relay: RelayStandIn;
let google: GoogleStandIn;
let environment: Record<string, string>;
let server: TestServer;
let devices: Device[];

async function start(more: Record<string, string> = {}): Promise<void> {
  const options = { relays: [relay], google, environment: { ...environment, ...more } };
  server = keep(await startTestServer(options));
}

async function startWithDevices(more: Record<string, string> = {}): Promise<void> {
  await start(more);
  devices = [];
  // One after another, so that it is known who shares a cohort.
  for (let n = 0; n < 6; n++) {
    const device = { key: randomBytes(32).toString('hex'), token: `device-${n}` };
    const body = { trade_pubkey: device.key, token: device.token, platform: 'android' };
    expect(await server.post('/api/register', body)).toMatchObject({ status: 200 });
    devices.push(device);
  }
}

const keyOf = (n: number): string => devices[n]?.key ?? '';
const tokenOf = (n: number): string => devices[n]?.token ?? '';

/** An event for each of these devices comes live. @returns how many pushes had arrived before */
function publish(...which: number[]): number {
  const before = google.pushes.count;
  for (const n of which) relay.broadcast(eventFor([keyOf(n)]));
  return before;
}

/** The devices that were woken after so many pushes, by number. */
function wokenAfter(pushes: number): number[] {
  const tokens = new Set(google.pushes.all.slice(pushes).map(({ token }) => token));
  return devices.map((_, n) => n).filter((n) => tokens.has(tokenOf(n)));
}

/** Waits until these devices, and all who are woken with them, have been woken after so many pushes. No other device may be. */
async function expectWoken(which: readonly number[], pushes: number): Promise<void> {
  const woken = new Set(which.flatMap((n) => TOGETHER[POLICY](n)));
  const expected = devices.map((_, n) => n).filter((n) => woken.has(n));
  await expect.poll(() => wokenAfter(pushes)).toEqual(expected);
  if (POLICY !== 'heartbeat') await untilMetric(server, 'mostro_push_devices_held', 0);
  await untilMetric(server, 'mostro_push_devices_owed{provider="fcm"}', 0);
  expect(wokenAfter(pushes)).toEqual(expected);
}

beforeEach(async () => {
  relay = keep(await RelayStandIn.start());
  google = keep(await GoogleStandIn.start({ tls: false }));
  environment = { STORE: 'file', DATA_DIR: await tempDirectory() };
});

test(`under ${POLICY} a live event wakes its device, within two slots or one beat`, async () => {
  await startWithDevices();
  const before = publish(0, 3);
  await expectWoken([0, 3], before);
  // Each edge that a wake waits for has a burst.
  if (POLICY === 'slots' || POLICY === 'cohorts')
    expect(await server.metric('mostro_push_slot_bursts_total')).toBeLessThanOrEqual(2);
  if (POLICY === 'heartbeat') {
    // No device is woken three times before another is woken once.
    const since = google.pushes.all.slice(before).map(({ token }) => token);
    const first = since.indexOf(tokenOf(3));
    expect(since.slice(0, first).filter((token) => token === tokenOf(0)).length).toBeLessThan(3);
  }
});

test(`under ${POLICY} a wake that fails is tried again until it is delivered`, async () => {
  await startWithDevices();
  const before = publish(0);
  let failures = 0;
  google.answer = ({ token }) => (token === tokenOf(0) && failures++ < 2 ? fcmError(503) : undefined);
  await expectWoken([0], before);
  expect(google.refusals.all.map(({ token }) => token)).toEqual([tokenOf(0), tokenOf(0)]);
  await untilMetric(server, 'mostro_push_wakes_retried_total{provider="fcm"}', 2);
});

test(`under ${POLICY} a device that is owed a wake gets it when its push service takes it, without another event`, async () => {
  await startWithDevices();
  let isRefused = true;
  google.answer = ({ token }) =>
    token === tokenOf(0) && isRefused ? fcmError(400, 'INVALID_ARGUMENT') : undefined;
  const before = publish(0);
  await untilMetricReaches(server, 'mostro_push_wakes_owed_total{provider="fcm",reason="refused"}', 1);
  expect(wokenAfter(before)).not.toContain(0);
  isRefused = false;
  await expectWoken([0], before);
});

test(`under ${POLICY} an event that came while the relay was away wakes its device`, async () => {
  await startWithDevices();
  relay.disconnectAll();
  const before = google.pushes.count;
  for (const n of [1, 2]) relay.store(eventFor([keyOf(n)], { kind: 14 }));
  await expectWoken([1, 2], before);
  await untilMetricReaches(server, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
});

test(`under ${POLICY} a restart loses neither a wake that was owed nor an event that came meanwhile`, async () => {
  await startWithDevices();
  google.answer = ({ token }) => (token === tokenOf(0) ? fcmError(400, 'INVALID_ARGUMENT') : undefined);
  publish(0);
  await untilMetricReaches(server, 'mostro_push_wakes_owed_total{provider="fcm",reason="refused"}', 1);
  await server.stop();
  google.answer = undefined;
  const before = google.pushes.count;
  relay.store(eventFor([keyOf(4)], { kind: 14 }));
  await start();
  await expectWoken([0, 4], before);
});

test(`under ${POLICY} a stop loses no wake that is due: it leaves at the stop, or after the next start`, async () => {
  await startWithDevices(STILL[POLICY]);
  // Under prompt the first event wakes at once, and the second is held.
  if (POLICY === 'prompt') {
    publish(0, 3);
    await google.pushes.atLeast(2);
  }
  const before = publish(0, 3);
  await untilMetricReaches(server, 'mostro_push_events_matched_total', POLICY === 'prompt' ? 4 : 2);
  expect(wokenAfter(before)).toEqual([]);
  await server.stop();
  const { SERVER_PRIVATE_KEY } = STILL[POLICY];
  await start(SERVER_PRIVATE_KEY === undefined ? {} : { SERVER_PRIVATE_KEY });
  await expectWoken([0, 3], before);
});
