import { expect, test } from 'vitest';

import { registerDevices } from '../support/devices.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut, MANY_DEVICES } from '../support/wake-policy.ts';

const MANY = isLeftOut(MANY_DEVICES);
const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const DEVICES = 2000;

test.skipIf(BEATS || MANY)(
  '2 000 events for 2 000 devices are 2 000 pushes, one for each, while FCM takes 50 ms over every one',
  async () => {
    const { relay, google, server } = await setScene({ latencyMs: 50 });
    const devices = await registerDevices(server, DEVICES);
    const events = swiftEvents(
      devices.map(({ key }, n) => ({ recipient: key, kind: n % 2 === 0 ? 1059 : 14, ageSeconds: 0 })),
    );

    const begun = performance.now();
    for (const event of events) relay.broadcast(event);
    await google.pushes.atLeast(DEVICES);
    console.info(`2 000 devices woken in ${Math.round(performance.now() - begun)} ms`);

    const woken = google.pushes.all.map(({ token }) => token);
    expect(woken.toSorted()).toEqual(devices.map(({ token }) => token).toSorted());
    expect(google.refusals.count).toBe(0);
    expect(google.sessions).toBe(1);
    expect(google.tokenRequests.count).toBe(1);
    await untilMetric(server, 'mostro_push_pushes_total{provider="fcm",outcome="delivered"}', DEVICES);
    expect(await server.metric('mostro_push_wakes_queued_total{provider="fcm"}')).toBe(DEVICES);
  },
);
