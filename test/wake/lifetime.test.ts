import { expect, test } from 'vitest';

import { eventFor } from '../support/wire-events.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { COVERS_ARE_PUSHES, isLeftOut, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);
const COVERS = isLeftOut(COVERS_ARE_PUSHES);

/** 36 seconds, in hours. If the clock is moved by no more than that, Google still accepts assertions. */
const TTL = { TOKEN_TTL_HOURS: '0.01' };
const DELIVERED = 'mostro_push_pushes_total{provider="fcm",outcome="delivered"}';

/** A time of day that stands still unless the test moves it. */
function movableClock(): { now: () => number; advance: (seconds: number) => void } {
  let now = Date.now();
  return { now: () => now, advance: (seconds) => void (now += seconds * 1000) };
}

test('a registration whose time to live is over wakes no device', async () => {
  const clock = movableClock();
  const { relay, phone, woken } = await setScene({ environment: TTL, clock: clock.now });
  const alice = await phone();
  clock.advance(37);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([]);
  expect(await alice.unregister()).toMatchObject({
    body: { message: 'Token not found (may have already been unregistered)' },
  });
});

test.skipIf(COUNTED)('a delivered wake starts the time to live of a registration again', async () => {
  const clock = movableClock();
  const { relay, server, phone, woken } = await setScene({ environment: TTL, clock: clock.now });
  const alice = await phone();
  clock.advance(30);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, DELIVERED, 1);
  clock.advance(30);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token, alice.token]);
});

test.skipIf(COVERS)(
  'a wake that was not delivered leaves the time to live of a registration as it was',
  async () => {
    const clock = movableClock();
    const { relay, google, server, phone, woken } = await setScene({ environment: TTL, clock: clock.now });
    const alice = await phone();
    clock.advance(30);
    google.answer = () => ({ status: 403, body: {} });
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, 'mostro_push_pushes_total{provider="fcm",outcome="refused"}', 1);
    google.answer = undefined;
    clock.advance(30);
    relay.broadcast(eventFor([alice.tradePubkey]));
    expect(await woken()).toEqual([]);
  },
);

test('registering again starts the time to live of a registration again', async () => {
  const clock = movableClock();
  const { relay, phone, woken } = await setScene({ environment: TTL, clock: clock.now });
  const alice = await phone();
  clock.advance(30);
  await alice.register();
  clock.advance(30);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});

test.skipIf(COUNTED)('no number of wakes keeps a registration alive beyond its greatest age', async () => {
  const clock = movableClock();
  // A lifetime of at most 52 seconds, and of 36 seconds without a wake.
  const environment = { ...TTL, TOKEN_MAX_AGE_DAYS: '0.0006' };
  const { relay, server, phone, woken } = await setScene({ environment, clock: clock.now });
  const alice = await phone();
  clock.advance(30);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await untilMetric(server, DELIVERED, 1);
  clock.advance(25);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});
