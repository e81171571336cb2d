import { describe, expect, test } from 'vitest';

import { deferred } from './support/deferred.ts';
import { setScene, untilMetric, type Scene } from './support/scene.ts';
import { eventFor } from './support/wire-events.ts';

const VERIFIED = 'mostro_push_events_verified_total';
const MATCHED = 'mostro_push_events_matched_total';
const CLAIMED = 'mostro_push_events_claimed_total';
const QUEUED = 'mostro_push_wakes_queued_total{provider="fcm"}';
const HELD = 'mostro_push_devices_held';

function setCoalescing(): Promise<Scene> {
  return setScene({ environment: { BATCH_DELAY_MS: '500', COOLDOWN_MS: '800' } });
}

/** Until the device may be woken at once again: whatever was held has been sent by then. */
function untilQuiet({ server }: Scene): Promise<void> {
  return untilMetric(server, HELD, 0);
}

describe('events for a device that has just been woken', () => {
  test('one event is one wake, at once', async () => {
    const scene = await setCoalescing();
    const alice = await scene.phone();
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await scene.google.pushes.atLeast(1);
    expect(await scene.server.metric(HELD)).toBe(1);
    await untilQuiet(scene);
    expect(await scene.woken()).toEqual([alice.token]);
  });

  test('a burst of fifty is two wakes: at once, and at the end of the window for the rest', async () => {
    const scene = await setCoalescing();
    const alice = await scene.phone();
    for (let n = 0; n < 50; n++) scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(scene.server, MATCHED, 50);
    await untilQuiet(scene);
    const [first, second] = scene.google.pushes.all;
    expect(scene.google.pushes.count).toBe(2);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(450);
    expect(await scene.woken()).toEqual([alice.token, alice.token]);
  });

  test('what comes while a wake is held costs no verification', async () => {
    const scene = await setCoalescing();
    const alice = await scene.phone();
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await scene.google.pushes.atLeast(1);
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(scene.server, CLAIMED, 2);
    for (let n = 0; n < 50; n++) scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(scene.server, MATCHED, 52);
    await untilQuiet(scene);
    expect(await scene.server.metric(VERIFIED)).toBe(2);
    expect(await scene.woken()).toEqual([alice.token, alice.token]);
  });

  test('the last event is followed by a wake, wherever it falls', async () => {
    const scene = await setCoalescing();
    const alice = await scene.phone();
    const send = (): void => scene.relay.broadcast(eventFor([alice.tradePubkey]));
    send();
    await scene.google.pushes.atLeast(1);
    send(); // in the window
    await scene.google.pushes.atLeast(2);
    send(); // in the cooldown
    await scene.google.pushes.atLeast(3);
    send(); // in the next cooldown
    await scene.google.pushes.atLeast(4);
    await untilQuiet(scene);
    send(); // in quiet again: at once
    await scene.google.pushes.atLeast(5);
    const at = scene.google.pushes.all.map((push) => push.at);
    const waits = at.slice(1).map((time, n) => time - (at[n] ?? 0));
    expect(waits[0]).toBeGreaterThanOrEqual(450);
    expect(waits[1]).toBeGreaterThanOrEqual(750);
    expect(waits[2]).toBeGreaterThanOrEqual(750);
    await untilQuiet(scene);
    expect(scene.google.pushes.count).toBe(5);
  });

  test('twenty keys of one device at once are two wakes', async () => {
    const scene = await setCoalescing();
    const first = await scene.phone();
    const others = await Promise.all(Array.from({ length: 19 }, () => scene.phone({ token: first.token })));
    for (const { tradePubkey } of [first, ...others]) scene.relay.broadcast(eventFor([tradePubkey]));
    await untilMetric(scene.server, MATCHED, 20);
    await untilQuiet(scene);
    expect(await scene.woken()).toEqual([first.token, first.token]);
  });

  test('one event with ten keys of one device is one wake', async () => {
    const scene = await setCoalescing();
    const first = await scene.phone();
    const others = await Promise.all(Array.from({ length: 9 }, () => scene.phone({ token: first.token })));
    scene.relay.broadcast(eventFor([first, ...others].map(({ tradePubkey }) => tradePubkey)));
    await scene.google.pushes.atLeast(1);
    await untilQuiet(scene);
    expect(await scene.woken()).toEqual([first.token]);
  });

  test('two devices do not wait for each other', async () => {
    const scene = await setCoalescing();
    const [alice, bob] = [await scene.phone(), await scene.phone()];
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    await scene.google.pushes.atLeast(1);
    scene.relay.broadcast(eventFor([bob.tradePubkey]));
    await scene.google.pushes.atLeast(2);
    expect(await scene.server.metric(HELD)).toBe(2);
  });
});

describe('events for a device whose wake is unsent', () => {
  test('cost no verification, and one wake answers them all', async () => {
    // One at a time, so that the wakes of those who come later wait for their turn.
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
  });
});
