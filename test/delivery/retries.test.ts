import { expect, test } from 'vitest';

import type { Answer } from '../../stand-ins/http-exchange.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { fcmError, inOrder } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, untilMetricReaches } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { COVERS_ARE_PUSHES, isLeftOut, promptOnly } from '../support/wake-policy.ts';

const COVERS = isLeftOut(COVERS_ARE_PUSHES);

const IS_LEFT_OUT = isLeftOut(promptOnly('which of two wakes comes first'));

const RETRY = 'mostro_push_pushes_total{provider="fcm",outcome="retry"}';
/** How many milliseconds timers and clocks may differ. */
const SLACK_MS = 5;

test.skipIf(COVERS)(
  'a wake that failed is tried after 503 and 500 until it is delivered, once, with the least wait between',
  async () => {
    const { relay, google, phone, woken, server } = await setScene({ environment: { RETRY_MIN_MS: '150' } });
    const alice = await phone();
    google.answer = inOrder([fcmError(503), fcmError(500)]);
    relay.broadcast(eventFor([alice.tradePubkey]));
    await google.pushes.atLeast(1);

    const at = [...google.refusals.all, ...google.pushes.all].map((each) => each.at);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(150 - SLACK_MS);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(150 - SLACK_MS);
    expect(await woken()).toEqual([alice.token]);
    expect(await server.metric(RETRY)).toBe(2);
  },
);

test.skipIf(IS_LEFT_OUT).each<[string, () => Answer, number]>([
  ['in seconds', () => fcmError(429, 'QUOTA_EXCEEDED', { 'retry-after': '1' }), 1000],
  [
    'as a date',
    () => fcmError(429, 'QUOTA_EXCEEDED', { 'retry-after': new Date(Date.now() + 2000).toUTCString() }),
    // An HTTP date has whole seconds.
    1000,
  ],
  ['not at all: sixty times the least wait', () => fcmError(429, 'QUOTA_EXCEEDED'), 600],
])('a wake that failed waits for as long as a 429 says: %s', async (_name, answer, waitMs) => {
  const { relay, google, phone } = await setScene();
  const alice = await phone();
  let isFirst = true;
  google.answer = () => {
    const given = isFirst ? answer() : undefined;
    isFirst = false;
    return given;
  };
  relay.broadcast(eventFor([alice.tradePubkey]));
  const [push] = await google.pushes.atLeast(1);
  const [refusal] = google.refusals.all;
  expect((push?.at ?? 0) - (refusal?.at ?? 0)).toBeGreaterThanOrEqual(waitMs - SLACK_MS);
  expect(google.refusals.count).toBe(1);
});

test('a wake that failed and waits for an hour, as a 429 says, delays no other device', async () => {
  const { relay, google, phone, server, woken } = await setScene();
  const [alice, bob] = [await phone(), await phone()];
  google.answer = ({ token }) =>
    token === alice.token ? fcmError(429, 'QUOTA_EXCEEDED', { 'retry-after': '3600' }) : undefined;
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, RETRY, 1);
  relay.broadcast(eventFor([bob.tradePubkey]));
  expect(await woken()).toEqual([bob.token]);
});

test('a wake that failed waits for as long as a 429 says though the wake is given up meanwhile and a new event comes', async () => {
  const { relay, google, phone, server, woken } = await setScene({
    environment: { WAKE_DEADLINE_SECONDS: '1' },
  });
  const alice = await phone();
  google.answer = inOrder([fcmError(429, 'QUOTA_EXCEEDED', { 'retry-after': '2' })]);
  relay.broadcast(eventFor([alice.tradePubkey]));
  const owed = 'mostro_push_wakes_owed_total{provider="fcm",reason="deadline"}';
  await untilMetricReaches(server, owed, 1);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await woken();
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  const push = google.pushes.all.find(({ token }) => token === alice.token);
  const [refusal] = google.refusals.all;
  expect((push?.at ?? 0) - (refusal?.at ?? 0)).toBeGreaterThanOrEqual(2000 - SLACK_MS);
});

test('a wake that failed waits for a Retry-After of months, which is more than a timer can hold, without trying meanwhile', async () => {
  const { relay, phone, woken, server } = await setScene();
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  const alice = await phone({ endpoint: unifiedPush.endpoint('Alice') });
  unifiedPush.answer = () => ({ status: 429, headers: { 'retry-after': '9999999' } });
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, 'mostro_push_pushes_total{provider="unifiedpush",outcome="retry"}', 1);
  for (let n = 0; n < 5; n++) await woken();
  expect(unifiedPush.pushes.count).toBe(1);
});
