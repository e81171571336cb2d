import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { post } from '../support/http.ts';
import { setScene, untilMetric, untilMetricReaches, type Scene } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import { COVERS_ARE_PUSHES, isLeftOut, promptOnly, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);
const COVERS = isLeftOut(COVERS_ARE_PUSHES);

const IS_LEFT_OUT = isLeftOut(promptOnly('a held wake leaves later'));

const retried = 'mostro_push_wakes_retried_total{provider="fcm"}';
const owed = 'mostro_push_devices_owed{provider="fcm"}';
const moved = 'mostro_push_wakes_moved_total{provider="fcm"}';
/** A wake that still waited for the old token would wait for longer than the test runs. */
const LONG = { RETRY_MIN_MS: '60000' };

/** Registers the key with another token, as an app does whose token was refreshed. */
async function move(server: TestServer, key: string, token: string): Promise<void> {
  const body = { trade_pubkey: key, token, platform: 'android' };
  expect(await post(`${server.apiUrl}/api/register`, body)).toMatchObject({ status: 200 });
}

/** Google answers with this to every token but those that begin with `new`. */
function answerOld({ google }: Pick<Scene, 'google'>, answer: ReturnType<typeof fcmError>): void {
  google.answer = ({ token }) => (token.startsWith('new') ? undefined : answer);
}

async function tokensOf({ google }: Pick<Scene, 'google'>, count: number): Promise<string[]> {
  return (await google.pushes.atLeast(count)).map(({ token }) => token).toSorted();
}

test.skipIf(COVERS)(
  'a wake whose key is registered with a new token while it waits for a retry goes to the new token at once',
  async () => {
    const scene = await setScene({ environment: LONG });
    const { relay, server } = scene;
    const [alice] = await registerDevices(server, 1);
    answerOld(scene, fcmError(503));
    relay.broadcast(eventFor([alice?.key ?? '']));
    await untilMetric(server, retried, 1);
    await move(server, alice?.key ?? '', 'new-token');
    expect(await tokensOf(scene, 1)).toEqual(['new-token']);
    await untilMetric(server, 'mostro_push_wakes_pending{provider="fcm"}', 0);
  },
);

test.skipIf(COVERS)(
  'a wake whose key is registered with a new token while it is owed after a refusal goes to the new token at once',
  async () => {
    const scene = await setScene({ environment: LONG });
    const { relay, server } = scene;
    const [alice] = await registerDevices(server, 1);
    answerOld(scene, fcmError(400, 'INVALID_ARGUMENT'));
    relay.broadcast(eventFor([alice?.key ?? '']));
    await untilMetric(server, owed, 1);
    await move(server, alice?.key ?? '', 'new-token');
    expect(await tokensOf(scene, 1)).toEqual(['new-token']);
    await untilMetric(server, owed, 0);
  },
);

test.skipIf(COVERS)(
  'a wake whose key is registered with an installation id in the place of its token goes there at once',
  async () => {
    const scene = await setScene({ environment: LONG });
    const { google, relay, server } = scene;
    const [alice] = await registerDevices(server, 1);
    google.answer = ({ token }) => (token.startsWith('fid:') ? undefined : fcmError(503));
    relay.broadcast(eventFor([alice?.key ?? '']));
    await untilMetric(server, retried, 1);
    const body = { trade_pubkey: alice?.key, fid: 'dQw4w9_gXcQdQw4w9-gXcQ', platform: 'android' };
    expect(await post(`${server.apiUrl}/api/register`, body)).toMatchObject({ status: 200 });
    expect(await tokensOf(scene, 1)).toEqual(['fid:dQw4w9_gXcQdQw4w9-gXcQ']);
    await untilMetric(server, 'mostro_push_wakes_pending{provider="fcm"}', 0);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'a wake whose key is registered with a new token while it is held back because the old token was just woken goes to the new token at once',
  async () => {
    const scene = await setScene({ environment: { BATCH_DELAY_MS: '600000' } });
    const { relay, server, google } = scene;
    const [alice] = await registerDevices(server, 1);
    relay.broadcast(eventFor([alice?.key ?? '']));
    await google.pushes.atLeast(1);
    relay.broadcast(eventFor([alice?.key ?? '']));
    await untilMetric(server, 'mostro_push_wakes_held_total{provider="fcm"}', 1);
    await move(server, alice?.key ?? '', 'new-token');
    expect(await tokensOf(scene, 2)).toEqual(['new-token', alice?.token]);
  },
);

test.each([
  ['fails', 503, 'UNAVAILABLE'],
  ['is called gone', 404, 'UNREGISTERED'],
  ['is refused', 400, 'INVALID_ARGUMENT'],
])(
  'a wake whose key is registered with a new token while an attempt is under way that %s goes to the new token',
  async (_, status, code) => {
    const scene = await setScene({ environment: LONG });
    const { google, relay, server } = scene;
    const [alice] = await registerDevices(server, 1);
    let isAsked: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    let answer: (() => void) | undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    google.answer = async ({ token }) => {
      if (token === 'new-token') return undefined;
      isAsked?.();
      await answered;
      return fcmError(status, code);
    };
    relay.broadcast(eventFor([alice?.key ?? '']));
    await asked;
    await move(server, alice?.key ?? '', 'new-token');
    answer?.();
    expect(await tokensOf(scene, 1)).toEqual(['new-token']);
  },
);

test.skipIf(COVERS)(
  'a wake whose key is registered with a new token while the lane of FCM is broken goes to the endpoint of a push server, and from there to another endpoint',
  async () => {
    const scene = await setScene({ environment: LONG });
    const { google, relay, server } = scene;
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    const devices = await registerDevices(server, 4);
    answerOld(scene, fcmError(503));
    for (const { key } of devices.slice(0, 3)) relay.broadcast(eventFor([key]));
    await server.log.atLeast(1, { where: ({ msg }) => msg === 'lane.broken' });
    const last = devices[3]?.key ?? '';
    relay.broadcast(eventFor([last]));
    await untilMetric(server, 'mostro_push_wakes_queued_total{provider="fcm"}', 4);
    unifiedPush.answer = () => ({ status: 503 });
    await move(server, last, unifiedPush.endpoint('Alice'));
    await unifiedPush.pushes.atLeast(1);
    await untilMetric(server, 'mostro_push_wakes_retried_total{provider="unifiedpush"}', 1);
    await move(server, last, unifiedPush.endpoint('Bob'));
    await unifiedPush.pushes.atLeast(2);
    expect(unifiedPush.pushes.all.map(({ path }) => path)).toEqual(['/upAlice?up=1', '/upBob?up=1']);
    expect(google.refusals.count).toBe(3);
  },
);

test.skipIf(COUNTED)(
  'a wake whose key is registered with a new token goes to both devices where it was for two keys and one of them stays',
  async () => {
    const scene = await setScene();
    const { google, relay, server } = scene;
    const [first, second] = await registerDevices(server, 2, () => 'old-token');
    let isDown = true;
    google.answer = ({ token }) => (isDown && token === 'old-token' ? fcmError(503) : undefined);
    relay.broadcast(eventFor([first?.key ?? '', second?.key ?? '']));
    await untilMetricReaches(server, retried, 1);
    await move(server, second?.key ?? '', 'new-token');
    isDown = false;
    expect(await tokensOf(scene, 2)).toEqual(['new-token', 'old-token']);
    expect(await server.metric(moved)).toBe(1);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'a wake that is owed on disk goes to the token that its key has after the start, once',
  async () => {
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const environment = { STORE: 'file', DATA_DIR: await tempDirectory(), ...LONG };
    const start = async (more = {}): Promise<TestServer> =>
      keep(await startTestServer({ relays: [relay], google, environment: { ...environment, ...more } }));
    const first = await start();
    const devices = await registerDevices(first, 3);
    google.answer = ({ token }) => (token.startsWith('new') ? undefined : fcmError(400, 'INVALID_ARGUMENT'));
    for (const { key } of devices) relay.broadcast(eventFor([key]));
    await untilMetric(first, owed, 3);
    await first.stop();
    // Without credentials there is no lane: an owed wake is only in the store.
    const second = await start({ FIREBASE_SERVICE_ACCOUNT_PATH: '' });
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    await move(second, devices[0]?.key ?? '', unifiedPush.endpoint('Alice'));
    await unifiedPush.pushes.atLeast(1);
    await move(second, devices[1]?.key ?? '', 'new-token');
    await second.stop();
    const third = await start({ BATCH_DELAY_MS: '600000' });
    await move(third, devices[2]?.key ?? '', 'new-third-token');
    expect(await tokensOf({ google }, 1)).toEqual(['new-third-token']);
    // The other wake is held, like every wake that is owed from before the start, and is sent at the stop.
    await third.stop();
    expect(await tokensOf({ google }, 2)).toEqual(['new-third-token', 'new-token']);
    google.pushes.clear();
    const fourth = await start();
    const [sentinel] = await registerDevices(fourth, 1, () => 'new-sentinel');
    relay.broadcast(eventFor([sentinel?.key ?? '']));
    expect(await tokensOf({ google }, 1)).toEqual(['new-sentinel']);
    expect(await fourth.metric(owed)).toBe(0);
    expect(unifiedPush.pushes.count).toBe(1);
  },
);
