import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { eventsFor, registerDevices, type Device } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { standingAlarms } from '../support/metrics-page.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const UNREGISTERED = fcmError(404, 'UNREGISTERED');
const FORGOTTEN = 'mostro_push_registrations_forgotten_total';
const SUSPECT = 'mostro_push_wakes_owed_total{provider="fcm",reason="suspect"}';
/** A second strike counts at once. */
const AT_ONCE = { GONE_CONFIRM_SECONDS: '0' };

/** Google calls these devices gone. */
function bury({ google }: Scene, devices: readonly Device[]): void {
  const gone = new Set(devices.map(({ token }) => token));
  google.answer = ({ token }) => (gone.has(token) ? UNREGISTERED : undefined);
}

function wakeAll({ relay }: Scene, devices: readonly Device[]): void {
  for (const event of eventsFor(devices)) relay.broadcast(event);
}

function stops({ server }: Scene): number {
  return server.log.all.filter(({ msg }) => msg === 'lane.eviction_stopped').length;
}

test.skipIf(BEATS)(
  'of 250 devices that are called gone behind 300 deliveries none is evicted, and an alarm says so',
  async () => {
    // One at a time, so that the answers come in order.
    const laneSizes = { fcm: { concurrency: 1, capacity: 1000 } };
    const scene = await setScene({ laneSizes, environment: AT_ONCE });
    const { google, server, woken } = scene;
    const devices = await registerDevices(server, 550);
    bury(scene, devices.slice(300));
    wakeAll(scene, devices);
    await google.pushes.atLeast(300);
    await google.refusals.atLeast(250);
    // Meanwhile Google delivers to other devices.
    await woken();
    expect(await server.metric(FORGOTTEN)).toBe(0);
    expect(await server.metric('mostro_push_devices_owed{provider="fcm"}')).toBe(250);
    expect(stops(scene)).toBeGreaterThan(0);
    expect(await standingAlarms(server)).toContain('devices called gone');
    expect((await fetch(`${server.adminUrl}/health/ready`)).status).toBe(200);
  },
);

test('no device is evicted in a small community where every device is called gone', async () => {
  const scene = await setScene({ environment: AT_ONCE });
  const { google, server } = scene;
  const devices = await registerDevices(server, 5);
  bury(scene, devices);
  wakeAll(scene, devices);
  await google.refusals.atLeast(15);
  expect(await server.metric(FORGOTTEN)).toBe(0);
  google.answer = undefined;
  const pushes = await google.pushes.atLeast(5);
  expect(new Set(pushes.map(({ token }) => token)).size).toBe(5);
});

test.skipIf(BEATS)(
  'while too many are called gone a suspect is left alone for an hour, also by further events',
  async () => {
    const scene = await setScene();
    const { google, server, woken } = scene;
    const devices = await registerDevices(server, 20);
    bury(scene, devices);
    wakeAll(scene, devices);
    await google.refusals.atLeast(20);
    await untilMetric(server, SUSPECT, 20);
    wakeAll(scene, devices);
    await woken();
    expect(google.refusals.count).toBe(20);
  },
);

test.skipIf(BEATS)(
  'a flood of dead tokens neither keeps a device that was in use from being evicted nor makes the server unready',
  async () => {
    const scene = await setScene({ environment: { GONE_CONFIRM_SECONDS: '0.2' } });
    const { google, server, woken } = scene;
    const [phone, ...junk] = await registerDevices(server, 101);
    if (phone === undefined) throw new Error('no phone');
    wakeAll(scene, [phone]);
    await google.pushes.atLeast(1);
    bury(scene, [phone, ...junk]);
    wakeAll(scene, junk);
    await google.refusals.atLeast(100);
    wakeAll(scene, [phone]);
    await google.refusals.atLeast(1, { where: ({ token }) => token === phone.token });
    await woken();
    await untilMetric(server, FORGOTTEN, 1);
    expect((await fetch(`${server.adminUrl}/health/ready`)).status).toBe(200);
  },
);

test('a device that is called gone once gets its wake, and keeps its registration, when the push service takes it back', async () => {
  const scene = await setScene({ environment: { GONE_CONFIRM_SECONDS: '0.3' } });
  const { google, server } = scene;
  const [phone] = await registerDevices(server, 1);
  let answers = 0;
  google.answer = () => (answers++ === 0 ? UNREGISTERED : undefined);
  wakeAll(scene, phone === undefined ? [] : [phone]);
  expect((await google.pushes.atLeast(1)).map(({ token }) => token)).toEqual([phone?.token]);
  expect(await server.metric(FORGOTTEN)).toBe(0);
  expect(await server.metric(SUSPECT)).toBe(1);
});

test('a device that its push server calls gone twice is evicted, and no other lane is asked', async () => {
  const scene = await setScene({ environment: { GONE_CONFIRM_SECONDS: '0.3' } });
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  unifiedPush.answer = () => ({ status: 410 });
  const devices = await registerDevices(scene.server, 20, (n) => unifiedPush.endpoint(`Eve${n}`));
  wakeAll(scene, devices);
  await untilMetric(scene.server, FORGOTTEN, 20);
  expect(unifiedPush.pushes.count).toBe(40);
  expect(stops(scene)).toBe(0);
});
