import { expect, test } from 'vitest';

import { fcmError } from '../support/fcm-answers.ts';
import { setScene, untilMetric, untilMetricReaches } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, COVERS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);
const COVERS = isLeftOut(COVERS_ARE_PUSHES);

const RETRY = 'mostro_push_pushes_total{provider="fcm",outcome="retry"}';

test('a device that is unregistered while its wake waits for a retry gets no push', async () => {
  const { relay, google, phone, server } = await setScene({ environment: { RETRY_MIN_MS: '60000' } });
  const alice = await phone();
  google.answer = ({ token }) => (token === alice.token ? fcmError(503) : undefined);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, RETRY, 1);
  await alice.unregister();
  // At a stop, wakes that wait are tried once more.
  await server.stop();
  expect([google.pushes.count, google.refusals.count]).toEqual([0, 1]);
});

test.skipIf(COVERS)(
  'a device that is unregistered while its wake waits for its lane, which is broken, gets no push',
  async () => {
    const { relay, google, phone, server, woken } = await setScene({ environment: { RETRY_MIN_MS: '500' } });
    const [a, b, c, alice] = [await phone(), await phone(), await phone(), await phone()];
    let isDown = true;
    google.answer = () => (isDown ? fcmError(503) : undefined);
    for (const { tradePubkey } of [a, b, c]) relay.broadcast(eventFor([tradePubkey]));
    await server.log.atLeast(1, { where: ({ msg }) => msg === 'lane.broken' });
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_wakes_queued_total{provider="fcm"}', 4);
    await alice.unregister();
    isDown = false;
    for (const { token } of [a, b, c])
      await google.pushes.atLeast(1, { where: (push) => push.token === token });
    await untilMetric(server, 'mostro_push_wakes_pending{provider="fcm"}', 0);
    const tokens = await woken();
    expect(tokens.toSorted()).toEqual([a.token, b.token, c.token].toSorted());
  },
);

test.skipIf(BEATS)(
  'a device that is unregistered while its wake waits for the end of its window gets no push',
  async () => {
    const { relay, google, phone, server } = await setScene({ environment: { BATCH_DELAY_MS: '600000' } });
    const alice = await phone();
    relay.broadcast(eventFor([alice.tradePubkey]));
    await google.pushes.atLeast(1);
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_events_claimed_total', 2);
    await alice.unregister();
    // At a stop, all windows end.
    await server.stop();
    expect(google.pushes.all.map(({ token }) => token)).toEqual([alice.token]);
  },
);

test('a device one of whose keys is unregistered while its wake waits is woken for what came for another key meanwhile', async () => {
  const { relay, google, phone, server, woken } = await setScene({ environment: { RETRY_MIN_MS: '300' } });
  const buying = await phone();
  const selling = await phone({ token: buying.token });
  let isDown = true;
  google.answer = ({ token }) => (token === buying.token && isDown ? fcmError(503) : undefined);
  relay.broadcast(eventFor([buying.tradePubkey]));
  await untilMetricReaches(server, RETRY, 1);
  relay.broadcast(eventFor([selling.tradePubkey]));
  await untilMetric(server, 'mostro_push_events_matched_total', 2);
  await buying.unregister();
  isDown = false;
  await untilMetric(server, 'mostro_push_wakes_pending{provider="fcm"}', 0);
  expect(await woken()).toEqual([buying.token]);
});
