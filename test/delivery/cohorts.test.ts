import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { call } from '../support/http.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilMetric, untilMetricReaches } from '../support/scene.ts';
import { key } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { slotsWithoutAnEdge } from '../support/wake-policy.ts';
import { eventFor } from '../support/wire-events.ts';

const COHORTS = { ...slotsWithoutAnEdge(), STORE: 'file', WAKE_POLICY: 'cohorts', WAKE_COHORT_SIZE: '4' };
const SHORT = { ...COHORTS, WAKE_SLOT_SECONDS: '1' };
/** No edge comes while a test runs. */
const LONG = { ...COHORTS, SHUTDOWN_TIMEOUT_SECONDS: '1' };

interface Stage {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  readonly directory: string;
  readonly start: (environment: Record<string, string>, directory?: string) => Promise<TestServer>;
  /** The tokens of the pushes that were answered 200 since the last call, sorted, once there are so many. */
  readonly woken: (count: number) => Promise<string[]>;
}

async function setStage(): Promise<Stage> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const directory = await tempDirectory();
  let told = 0;
  return {
    relay,
    google,
    directory,
    start: async (environment, DATA_DIR = directory) =>
      keep(await startTestServer({ relays: [relay], google, environment: { DATA_DIR, ...environment } })),
    woken: async (count) => {
      const pushes = await google.pushes.atLeast(told + count);
      const tokens = pushes.slice(told).map(({ token }) => token);
      told = pushes.length;
      return tokens.toSorted();
    },
  };
}

/** Registers the n-th key with a device. @returns the answer */
async function register(server: TestServer, n: number, token: string, more: object = {}): Promise<unknown> {
  const body = { trade_pubkey: key(n), token, platform: 'android', ...more };
  const answer = await server.post('/api/register', body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

async function registerFour(server: TestServer): Promise<void> {
  for (const [n, token] of ['a', 'b', 'c', 'd'].entries()) await register(server, n, token);
}

/** A directory with what the disk has at this moment: what a crash would leave. */
async function crashImage(directory: string): Promise<string> {
  const image = join(await tempDirectory(), 'image');
  await mkdir(image);
  await copyFile(join(directory, 'store.json'), join(image, 'store.json'));
  return image;
}

test('an event wakes all members of its cohort, an announced chat message too, and each client is told how large its cohort is', async () => {
  const { google, relay, start, woken } = await setStage();
  const server = await start({ ...SHORT, WAKE_POLICIES_OFFERED: 'prompt' });
  const asked = { wake_policy: 'cohorts' };
  const told: unknown[] = [];
  for (const [n, token] of ['a', 'b', 'c', 'd', 'e'].entries())
    told.push(((await register(server, n, token, asked)) as { cohort: unknown }).cohort);
  expect(told).toEqual([1, 2, 3, 4, 1].map((members) => ({ size: 4, members })));
  expect(await register(server, 9, 'f', { platform: 'ios' })).not.toHaveProperty('cohort');
  expect(await register(server, 8, 'g', { wake_policy: 'prompt' })).not.toHaveProperty('cohort');

  relay.broadcast(eventFor([key(1)]));
  expect(await woken(4)).toEqual(['a', 'b', 'c', 'd']);
  // A new token keeps the place of the old one, and a device that unregisters has left.
  await register(server, 1, 'b2');
  await server.post('/api/unregister', { trade_pubkey: key(2) });
  await server.post('/api/notify', { trade_pubkey: key(0) });
  expect(await woken(3)).toEqual(['a', 'b2', 'd']);
  const types = google.pushes.all.map(
    ({ body }) => (body as { message: { data: { type: string } } }).message.data.type,
  );
  expect(new Set(types)).toEqual(new Set(['silent_wake']));

  expect(await server.metric('mostro_push_cohorts{places="3"}')).toBe(1);
  expect(await server.metric('mostro_push_cohorts{places="1"}')).toBe(2);
  expect(await server.metric('mostro_push_cohort_members{state="unprotected"}')).toBe(5);
  expect(await server.metric('mostro_push_wakes_released_total{policy="cohorts"}')).toBe(7);
  const dashboard = JSON.parse((await call(`${server.adminUrl}/dashboard.json`)).text) as object;
  expect(dashboard).toMatchObject({ cohorts: { cohorts: 3, members: 5, unprotected: 5, lingering: 0 } });
  const status = JSON.parse((await call(`${server.apiUrl}/api/status`)).text) as object;
  expect(status).toMatchObject({ cohorts: { size: 4, cohorts: 3, members: 5, unprotected: 5 } });
});

test('a stop in the middle of a slot leaves a whole cohort to an edge after the start, once', async () => {
  const { google, relay, start, woken } = await setStage();
  const first = await start(LONG);
  await registerFour(first);
  const event = eventFor([key(0)]);
  relay.store(event);
  relay.broadcast(event);
  await untilMetric(first, 'mostro_push_devices_held', 1);
  await first.stop();
  expect(google.pushes.count).toBe(0);
  const second = await start(SHORT);
  expect(await woken(4)).toEqual(['a', 'b', 'c', 'd']);
  await untilMetric(second, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
  await untilMetric(second, 'mostro_push_devices_held', 0);
  await untilMetric(second, 'mostro_push_wakes_pending{provider="fcm"}', 0);
  expect(google.pushes.count).toBe(4);
});

test.each(['slot', 'burst'])(
  'a crash in the middle of a %s leaves no member unwoken, though no relay has the event any more',
  async (middle) => {
    const { directory, google, relay, start, woken } = await setStage();
    const first = await start(middle === 'slot' ? LONG : SHORT);
    await registerFour(first);
    // In the burst, two members are woken and the push service cannot take the wakes of the others.
    const isStopped = { value: true };
    google.answer = ({ token }) => (isStopped.value && 'cd'.includes(token) ? fcmError(503) : undefined);
    relay.broadcast(eventFor([key(0)]));
    if (middle === 'slot') await untilMetric(first, 'mostro_push_devices_held', 1);
    else {
      expect(await woken(2)).toEqual(['a', 'b']);
      await untilMetricReaches(first, 'mostro_push_wakes_retried_total{provider="fcm"}', 2);
    }
    const image = await crashImage(directory);
    await first.stop();
    const before = google.pushes.count;
    isStopped.value = false;
    await start(SHORT, image);
    const tokens = (await google.pushes.atLeast(before + 4)).slice(before).map(({ token }) => token);
    expect(tokens.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  },
);

test('devices whose keys have expired go on being woken with their cohort, also after a restart, and are told to nobody but counts', async () => {
  const { google, relay, start } = await setStage();
  const fleeting = { ...SHORT, TOKEN_TTL_HOURS: '0.0004', CLEANUP_INTERVAL_HOURS: '0.0001' };
  const first = await start(fleeting);
  await registerFour(first);
  await untilMetric(first, 'mostro_push_cohort_members_lingering', 4);
  expect(await first.metric('mostro_push_registrations{platform="android"}')).toBe(0);
  await first.stop();
  const second = await start(SHORT);
  await register(second, 0, 'a');
  expect(await second.metric('mostro_push_cohort_members_lingering')).toBe(3);
  relay.broadcast(eventFor([key(0)]));
  const tokens = (await google.pushes.atLeast(4)).map(({ token }) => token);
  expect(tokens.toSorted()).toEqual(['a', 'b', 'c', 'd']);
});
