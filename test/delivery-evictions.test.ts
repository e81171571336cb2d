import { generateSecretKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { registerDevices } from './support/devices.ts';
import { fcmError } from './support/fcm-answers.ts';
import { setScene, untilMetric } from './support/scene.ts';
import { eventFor } from './support/wire-events.ts';

const SENDS = 400;
const GONE = 300;
const FORGOTTEN = 'mostro_push_registrations_forgotten_total';
const SUSPECT = 'mostro_push_wakes_owed_total{provider="fcm",reason="suspect"}';

/** How a hundred good answers stand among three hundred that call a device gone. */
test.each<[string, (n: number) => boolean, number]>([
  ['from the first on', (n) => n < GONE, 10],
  ['three of every four', (n) => n % 4 !== 0, 15],
  // Whoever had more delivered than gone is believed: a hundred good ones vouch for as many that are gone.
  ['after a hundred good ones', (n) => n >= SENDS - GONE, 100],
])(
  '300 devices of 400 that are suddenly UNREGISTERED, %s: the forgetting stops, and says so',
  async (_name, isGone, mostForgotten) => {
    // One at a time, so that they are answered in their order.
    const laneSizes = { fcm: { concurrency: 1, capacity: 1000 } };
    const { relay, google, server } = await setScene({ laneSizes });
    const devices = await registerDevices(server, SENDS);
    const gone = new Set(devices.filter((_, n) => isGone(n)).map(({ token }) => token));
    google.answer = ({ token }) => (gone.has(token) ? fcmError(404, 'UNREGISTERED') : undefined);
    const secretKey = generateSecretKey();
    for (const { key } of devices) relay.broadcast(eventFor([key], { secretKey }));
    await google.refusals.atLeast(GONE);
    await google.pushes.atLeast(SENDS - GONE);
    const forgotten = await server.metric(FORGOTTEN);
    await untilMetric(server, SUSPECT, GONE - forgotten);
    console.info(`UNREGISTERED ${_name}: ${forgotten} of ${GONE} forgotten`);

    expect(forgotten).toBeLessThanOrEqual(mostForgotten);
    expect(server.log.all.filter(({ msg }) => msg === 'lane.eviction_stopped').length).toBeGreaterThan(0);
  },
);

test('a suspect is left alone for an hour, also by further events', async () => {
  const { relay, google, server, woken } = await setScene();
  const devices = await registerDevices(server, 20);
  const gone = new Set(devices.map(({ token }) => token));
  google.answer = ({ token }) => (gone.has(token) ? fcmError(404, 'UNREGISTERED') : undefined);
  for (const { key } of devices) relay.broadcast(eventFor([key]));
  await google.refusals.atLeast(20);
  const forgotten = await server.metric(FORGOTTEN);
  await untilMetric(server, SUSPECT, 20 - forgotten);
  for (const { key } of devices) relay.broadcast(eventFor([key]));
  await woken();
  expect(google.refusals.count).toBe(20);
});
