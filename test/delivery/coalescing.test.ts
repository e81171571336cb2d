import { expect, test } from 'vitest';

import { deferred } from '../support/deferred.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut, promptOnly } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const IS_LEFT_OUT = isLeftOut(promptOnly('windows and cooldowns are of prompt'));

const VERIFIED = 'mostro_push_events_verified_total';
const MATCHED = 'mostro_push_events_matched_total';
const CLAIMED = 'mostro_push_events_claimed_total';
const QUEUED = 'mostro_push_wakes_queued_total{provider="fcm"}';
const HELD = 'mostro_push_devices_held';

/** A window and a cooldown that are longer than any test: a held wake is sent at the stop only. */
const HOUR = { BATCH_DELAY_MS: '3600000', COOLDOWN_MS: '3600000' };

/** Stops the server, which sends all held wakes. @returns the tokens that were woken, in order */
async function heldSent({ google, server }: Scene): Promise<string[]> {
  await google.pushes.atLeast(1);
  await server.stop();
  return google.pushes.all.map(({ token }) => token);
}

test.skipIf(IS_LEFT_OUT)('one event for a device is one wake, at once', async () => {
  const scene = await setScene({ environment: HOUR });
  const alice = await scene.phone();
  scene.relay.broadcast(eventFor([alice.tradePubkey]));
  await scene.google.pushes.atLeast(1);
  expect(await scene.server.metric(HELD)).toBe(1);
  expect(await heldSent(scene)).toEqual([alice.token]);
});

test.skipIf(IS_LEFT_OUT)(
  'a burst of fifty events for one device is two wakes: one at once, and a held one for the rest',
  async () => {
    const scene = await setScene({ environment: HOUR });
    const alice = await scene.phone();
    for (let n = 0; n < 50; n++) scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(scene.server, MATCHED, 50);
    expect(await heldSent(scene)).toEqual([alice.token, alice.token]);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'an event that comes while a wake of its device is held costs no verification',
  async () => {
    const scene = await setScene({ environment: HOUR });
    const alice = await scene.phone();
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await scene.google.pushes.atLeast(1);
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(scene.server, CLAIMED, 2);
    for (let n = 0; n < 50; n++) scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(scene.server, MATCHED, 52);
    expect(await scene.server.metric(VERIFIED)).toBe(2);
    expect(await heldSent(scene)).toEqual([alice.token, alice.token]);
  },
);

// Whenever the events come on a busy machine, each is followed by one wake. src/core/waking/coalescer.test.ts tests how long the waits are.
test.skipIf(BEATS)(
  'the last event for a device is followed by a wake, in the window, in the cooldowns and afterwards',
  async () => {
    const scene = await setScene({ environment: { BATCH_DELAY_MS: '100', COOLDOWN_MS: '200' } });
    const alice = await scene.phone();
    for (let wakes = 1; wakes <= 4; wakes++) {
      scene.relay.broadcast(eventFor([alice.tradePubkey]));
      await scene.google.pushes.atLeast(wakes);
    }
    await untilMetric(scene.server, HELD, 0);
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await scene.google.pushes.atLeast(5);
    expect(await heldSent(scene)).toHaveLength(5);
  },
);

test.skipIf(IS_LEFT_OUT)('events for twenty keys of one device at once are two wakes', async () => {
  const scene = await setScene({ environment: HOUR });
  const first = await scene.phone();
  const others = await Promise.all(Array.from({ length: 19 }, () => scene.phone({ token: first.token })));
  for (const { tradePubkey } of [first, ...others]) scene.relay.broadcast(eventFor([tradePubkey]));
  await untilMetric(scene.server, MATCHED, 20);
  expect(await heldSent(scene)).toEqual([first.token, first.token]);
});

test('one event with ten keys of one device is one wake', async () => {
  const scene = await setScene({ environment: HOUR });
  const first = await scene.phone();
  const others = await Promise.all(Array.from({ length: 9 }, () => scene.phone({ token: first.token })));
  scene.relay.broadcast(eventFor([first, ...others].map(({ tradePubkey }) => tradePubkey)));
  expect(await heldSent(scene)).toEqual([first.token]);
});

test.skipIf(IS_LEFT_OUT)('two devices do not wait for each other', async () => {
  const scene = await setScene({ environment: HOUR });
  const [alice, bob] = [await scene.phone(), await scene.phone()];
  scene.relay.broadcast(eventFor([alice.tradePubkey]));
  await scene.google.pushes.atLeast(1);
  scene.relay.broadcast(eventFor([bob.tradePubkey]));
  await scene.google.pushes.atLeast(2);
  expect(await scene.server.metric(HELD)).toBe(2);
});

test.skipIf(IS_LEFT_OUT)(
  'events for a device whose wake is unsent cost no verification, and one wake answers them all',
  async () => {
    // One attempt at a time, so that later wakes wait for their turn.
    const laneSizes = { fcm: { concurrency: 1, capacity: 1000 } };
    const { relay, google, phone, server, woken } = await setScene({ laneSizes });
    const [bob, alice] = [await phone(), await phone()];
    const held = deferred();
    google.answer = () => held.promise;
    relay.broadcast(eventFor([bob.tradePubkey]));
    await untilMetric(server, QUEUED, 1);
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, QUEUED, 2);
    for (let n = 0; n < 100; n++) relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_events_absorbed_total', 100);
    expect(await server.metric(VERIFIED)).toBe(2);
    held.resolve();
    google.answer = undefined;
    const tokens = await woken();
    expect(tokens.filter((token) => token === bob.token)).toHaveLength(1);
    expect(tokens.filter((token) => token === alice.token)).toHaveLength(1);
  },
);
