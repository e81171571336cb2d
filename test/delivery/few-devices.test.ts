import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import type { Answer } from '../../stand-ins/http-exchange.ts';
import { registerDevices } from '../support/devices.ts';
import { fcmError, silence } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { standingAlarms } from '../support/metrics-page.ts';
import { eventFor } from '../support/wire-events.ts';
import { COVERS_ARE_PUSHES, isLeftOut, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const COVERS = isLeftOut(COVERS_ARE_PUSHES);
const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);

/** A pause of a lane would last an hour, and the wait of a breaker at least a minute: longer than the test runs. */
const PATIENT = { RETRY_MIN_MS: '60000' };

const pushes = (provider: string, outcome: string): string =>
  `mostro_push_pushes_total{provider="${provider}",outcome="${outcome}"}`;

const troubled = (provider: string, trouble: string): string =>
  `mostro_push_lanes_troubled{provider="${provider}",trouble="${trouble}"}`;

/** Registers this many topics of a push server, wakes each, and waits until this many answers with this outcome were counted. */
async function wakeTopics(
  { relay, server }: Scene,
  standIn: UnifiedPushStandIn,
  names: readonly string[],
  outcome: string,
  inAll = names.length,
): Promise<void> {
  const devices = await registerDevices(server, names.length, (n) => standIn.endpoint(names[n] ?? ''));
  for (const { key } of devices) relay.broadcast(eventFor([key]));
  await untilMetric(server, pushes('unifiedpush', outcome), inAll);
}

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

test.skipIf(COUNTED).each<[string, Answer, number]>([
  ['507 for fifty topics that nobody subscribes to', { status: 507 }, 50],
  ['507 and a Retry-After of an hour', { status: 507, headers: { 'retry-after': '3600' } }, 3],
])(
  'a push server that many share is not paused for all by %s, though it has delivered nothing yet',
  async (_, answer, count) => {
    const scene = await setScene({ environment: PATIENT });
    const shared = keep(await UnifiedPushStandIn.start());
    shared.answer = ({ path }) => (path.includes('upEve') ? answer : undefined);
    await wakeTopics(scene, shared, named('Eve', count), 'retry');
    await wakeTopics(scene, shared, named('Bob', 3), 'delivered');
    expect(await scene.server.metric(troubled('unifiedpush', 'paused'))).toBe(0);
  },
);

test.skipIf(COUNTED).each<[string, Answer]>([
  ['429 for three topics', { status: 429 }],
  ['429 and a Retry-After of an hour for three topics', { status: 429, headers: { 'retry-after': '3600' } }],
  ['503 for three topics', { status: 503 }],
])(
  'a push server that many share is not paused for all by %s while as many others are woken',
  async (_, answer) => {
    const scene = await setScene({ environment: PATIENT });
    const shared = keep(await UnifiedPushStandIn.start());
    shared.answer = ({ path }) => (path.includes('upEve') ? answer : undefined);
    await wakeTopics(scene, shared, named('Bob', 3), 'delivered');
    await wakeTopics(scene, shared, named('Eve', 3), 'retry');
    await wakeTopics(scene, shared, ['Carol'], 'delivered', 4);
  },
);

test.skipIf(COVERS)(
  'a push server that many share is not paused for all until more are told "too many" than are woken',
  async () => {
    const scene = await setScene({ environment: PATIENT });
    const shared = keep(await UnifiedPushStandIn.start());
    shared.answer = ({ path }) => (path.includes('upEve') ? { status: 429 } : undefined);
    await wakeTopics(scene, shared, named('Bob', 3), 'delivered');
    await wakeTopics(scene, shared, named('Eve', 4), 'retry');
    await untilMetric(scene.server, troubled('unifiedpush', 'paused'), 1);
  },
);

test.skipIf(COUNTED)(
  'topics that hang, at a push server that many share, delay no device that has been woken there',
  async () => {
    const scene = await setScene();
    const { phone, relay, server } = scene;
    const shared = keep(await UnifiedPushStandIn.start());
    shared.answer = ({ path }) => (path.includes('upEve') ? silence() : undefined);
    const bob = await phone({ endpoint: shared.endpoint('Bob') });
    relay.broadcast(eventFor([bob.tradePubkey]));
    await shared.pushes.atLeast(1);
    // Each attempt is given up after ten seconds: one after the other they would take two minutes.
    const eves = await registerDevices(server, 200, (n) => shared.endpoint(`Eve${n}`));
    for (const { key } of eves) relay.broadcast(eventFor([key]));
    await untilMetric(server, 'mostro_push_wakes_queued_total{provider="unifiedpush"}', eves.length + 1);
    relay.broadcast(eventFor([bob.tradePubkey]));
    await shared.pushes.atLeast(2, { where: ({ path }) => path.includes('upBob') });
  },
);

test('iPhones whose APNs key is refused delay no Android phone, and only their own alarm stands', async () => {
  const scene = await setScene({ environment: PATIENT });
  const { google, phone, relay, server } = scene;
  const iPhones = await Promise.all(named('iPhone', 6).map((name) => phone({ name, kind: 'ios' })));
  const tokens = new Set(iPhones.map(({ token }) => token));
  google.answer = ({ token }) =>
    tokens.has(token) ? fcmError(401, 'THIRD_PARTY_AUTH_ERROR', { 'retry-after': '3600' }) : undefined;
  for (const { tradePubkey } of iPhones) relay.broadcast(eventFor([tradePubkey]));
  await untilMetric(server, pushes('fcm', 'refused'), iPhones.length);
  const android = await phone();
  relay.broadcast(eventFor([android.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === android.token });
  expect(await server.metric(troubled('fcm', 'down'))).toBe(0);
  expect(await standingAlarms(server)).toEqual(['APNs key refused']);
  expect((await fetch(`${server.adminUrl}/health/ready`)).status).toBe(200);
});
