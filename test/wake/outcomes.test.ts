import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { eventFor } from '../support/wire-events.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, untilMetricReaches } from '../support/scene.ts';
import type { TestServer } from '../support/test-server.ts';
import { COVERS_ARE_PUSHES, isLeftOut, promptOnly, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);
const COVERS = isLeftOut(COVERS_ARE_PUSHES);

const IS_LEFT_OUT = isLeftOut(promptOnly('an owed wake may be paid before the next event'));

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const APNS_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.ApnsError';

const fcmError = (status: number, detail?: object): { status: number; body: unknown } => ({
  status,
  body: { error: { code: status, message: 'no', status: 'NO', ...(detail && { details: [detail] }) } },
});

/** The time after which a second strike counts, in milliseconds. */
const SOON = { GONE_CONFIRM_SECONDS: '0.2' };

async function registered(server: TestServer): Promise<number> {
  const status = (await (await fetch(`${server.apiUrl}/api/status`)).json()) as { tokens: { total: number } };
  return status.tokens.total;
}

test.skipIf(IS_LEFT_OUT).each([
  ['UNREGISTERED', fcmError(404, { '@type': FCM_ERROR, errorCode: 'UNREGISTERED' })],
  ['Apple’s 410', fcmError(400, { '@type': APNS_ERROR, statusCode: 410, reason: 'Unregistered' })],
])(
  'the answer %s, twice, forgets the device for all of its keys, and no other device',
  async (_name, answer) => {
    const { relay, google, server, phone, woken } = await setScene({ environment: SOON });
    const [buying, other] = [await phone(), await phone()];
    const selling = await phone({ token: buying.token });
    google.answer = ({ token }) => (token === buying.token ? answer : undefined);

    relay.broadcast(eventFor([buying.tradePubkey]));
    await google.refusals.atLeast(1);
    expect(await registered(server)).toBe(3);
    relay.broadcast(eventFor([other.tradePubkey]));
    await untilMetric(server, 'mostro_push_registrations_forgotten_total', 2);

    expect(await registered(server)).toBe(1);
    const refusals = google.refusals.count;
    expect(refusals).toBeGreaterThanOrEqual(2);
    relay.broadcast(eventFor([buying.tradePubkey, selling.tradePubkey]));
    relay.broadcast(eventFor([other.tradePubkey]));
    expect(await woken()).toEqual([other.token, other.token]);
    expect(google.refusals.count).toBe(refusals);
  },
);

test.skipIf(IS_LEFT_OUT).each([
  ['a bare 404, which is a wrong project', fcmError(404)],
  ['a bare 400', fcmError(400)],
  ['a 400 for an invalid argument', fcmError(400, { '@type': FCM_ERROR, errorCode: 'INVALID_ARGUMENT' })],
  ['a bare 403', fcmError(403)],
  ['a 403 for another sender', fcmError(403, { '@type': FCM_ERROR, errorCode: 'SENDER_ID_MISMATCH' })],
  ['a 404 of HTML', { status: 404, body: '<html>UNREGISTERED</html>' }],
])('the answer %s evicts no device, and the next event wakes the device', async (_name, answer) => {
  // The server does not try again by itself while the test runs.
  const environment = { RETRY_MIN_MS: '60000' };
  const { relay, google, server, phone, woken } = await setScene({ environment });
  const alice = await phone();
  google.answer = () => answer;
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, 'mostro_push_pushes_total{provider="fcm",outcome="refused"}', 1);

  expect(await registered(server)).toBe(1);
  google.answer = undefined;
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});

test.skipIf(COVERS).each([
  ['a 429', fcmError(429, { '@type': FCM_ERROR, errorCode: 'QUOTA_EXCEEDED' })],
  ['a 500', fcmError(500)],
  ['a 503', fcmError(503)],
])('the answer %s evicts no device, and the wake is tried again', async (_name, answer) => {
  const { relay, google, server, phone, woken } = await setScene();
  const alice = await phone();
  let failures = 0;
  google.answer = () => (failures++ === 0 ? answer : undefined);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  expect(await registered(server)).toBe(1);
  expect(await woken()).toEqual([alice.token]);
});

test.skipIf(COUNTED).each([404, 410])(
  'the answer %i of a UnifiedPush server, twice, forgets its device',
  async (status) => {
    const { relay, server, phone } = await setScene({ environment: SOON });
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    const alice = await phone({ endpoint: unifiedPush.endpoint('Alice') });
    const bob = await phone({ endpoint: unifiedPush.endpoint('Bob') });
    unifiedPush.answer = ({ path }) => (path.startsWith('/upAlice') ? { status } : undefined);

    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_registrations_forgotten_total', 1);
    relay.broadcast(eventFor([alice.tradePubkey]));
    relay.broadcast(eventFor([bob.tradePubkey]));
    await unifiedPush.pushes.atLeast(1, { where: ({ path }) => path.startsWith('/upBob') });

    expect(await registered(server)).toBe(1);
    const paths = unifiedPush.pushes.all.map(({ path }) => path);
    expect(paths).toEqual(['/upAlice?up=1', '/upAlice?up=1', '/upBob?up=1']);
  },
);

test.skipIf(COVERS)('a redirect of a UnifiedPush server is not followed and evicts no device', async () => {
  const { relay, server, phone } = await setScene();
  const [unifiedPush, elsewhere] = [
    keep(await UnifiedPushStandIn.start()),
    keep(await UnifiedPushStandIn.start()),
  ];
  const alice = await phone({ endpoint: unifiedPush.endpoint('Alice') });
  unifiedPush.answer = () => ({ status: 307, headers: { location: elsewhere.endpoint('Inside') } });

  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="refused"}', 1);

  expect(elsewhere.pushes.count).toBe(0);
  expect(await registered(server)).toBe(1);
});

test('an access token that Google revoked is replaced, and the wake is delivered', async () => {
  const { relay, google, phone, woken } = await setScene();
  const alice = await phone();
  await google.tokenRequests.atLeast(1);
  let refuse = true;
  google.answer = () => {
    const answer = refuse ? fcmError(401) : undefined;
    refuse = false;
    return answer;
  };
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  expect(await woken()).toEqual([alice.token]);
  expect(google.tokenRequests.all.map(({ status }) => status)).toEqual([200, 200]);
});

test.skipIf(COVERS)(
  'Google that gives no access token costs no device its registration, and the wake is sent when Google gives one',
  async () => {
    const { relay, google, server, phone, woken } = await setScene();
    const alice = await phone();
    await google.tokenRequests.atLeast(1);
    google.answer = () => fcmError(401);
    google.answerToken = () => ({ status: 400, body: { error: 'invalid_grant' } });
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetricReaches(server, 'mostro_push_pushes_total{provider="fcm",outcome="retry"}', 1);
    expect(await registered(server)).toBe(1);
    google.answer = undefined;
    google.answerToken = undefined;
    await google.pushes.atLeast(1);
    expect(await woken()).toEqual([alice.token]);
  },
);
