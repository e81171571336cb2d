import { expect, test } from 'vitest';

import { eventsFor, registerDevices } from '../support/devices.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { COVERS_ARE_PUSHES, isLeftOut, promptOnly } from '../support/wake-policy.ts';

const COVERS = isLeftOut(COVERS_ARE_PUSHES);

const IS_LEFT_OUT = isLeftOut(promptOnly('a lane is never flooded by a burst'));

const DEVICES = 1000;
const CAPACITY = 200;

test.skipIf(IS_LEFT_OUT)(
  'more devices than a lane can hold are all woken, once each: overload costs time',
  async () => {
    const laneSizes = { fcm: { concurrency: 10, capacity: CAPACITY } };
    const { relay, google, server } = await setScene({ laneSizes, latencyMs: 20 });
    const devices = await registerDevices(server, DEVICES);
    const events = eventsFor(devices);

    const begun = performance.now();
    for (const event of events) relay.broadcast(event);
    await google.pushes.atLeast(DEVICES);
    const owed = await server.metric('mostro_push_wakes_owed_total{provider="fcm",reason="overload"}');
    console.info(`${DEVICES} devices in ${Math.round(performance.now() - begun)} ms, ${owed} of them owed`);

    const woken = google.pushes.all.map(({ token }) => token);
    expect(woken.toSorted()).toEqual(devices.map(({ token }) => token).toSorted());
    expect(owed).toBeGreaterThan(0);
    await untilMetric(server, 'mostro_push_devices_owed{provider="fcm"}', 0);
    const lines = server.log.all.map(({ msg }) => msg);
    expect(lines.filter((msg) => msg.startsWith('lane.'))).toEqual(['lane.overloaded', 'lane.relieved']);
  },
);

test.skipIf(COVERS)(
  'a lane that is full of waits for a retry sends what it owes while nothing else can be sent',
  async () => {
    const laneSizes = { fcm: { concurrency: 10, capacity: 2 } };
    const { relay, google, phone, server } = await setScene({ laneSizes });
    const [one, two, alice] = [await phone(), await phone(), await phone()];
    // Two devices fill the lane, and are too few to pause it.
    google.answer = ({ token }) =>
      token === alice.token ? undefined : { status: 429, headers: { 'retry-after': '300' } };
    relay.broadcast(eventFor([one.tradePubkey]));
    relay.broadcast(eventFor([two.tradePubkey]));
    await untilMetric(server, 'mostro_push_pushes_total{provider="fcm",outcome="retry"}', 2);
    relay.broadcast(eventFor([alice.tradePubkey]));
    await google.pushes.atLeast(1);
  },
);
