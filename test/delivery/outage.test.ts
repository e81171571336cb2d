import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import { eventsFor, registerDevices, type Device } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilMetric } from '../support/scene.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { isLeftOut, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);

const DEVICES = 200;

interface Outage {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  readonly proxy: TcpProxy;
  readonly server: TestServer;
  readonly devices: Device[];
}

/** Before the outage: everything works, and a wake is given up after 0.3 s. */
async function beforeOutage(before?: (google: GoogleStandIn) => void): Promise<Outage> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  before?.(google);
  const proxy = keep(await TcpProxy.start(Number(new URL(google.baseUrl).port)));
  const environment = {
    FCM_BASE_URL: `http://127.0.0.1:${proxy.port}`,
    WAKE_DEADLINE_SECONDS: '0.3',
  };
  const server = keep(await startTestServer({ relays: [relay], google, environment }));
  return { relay, google, proxy, server, devices: await registerDevices(server, DEVICES) };
}

function wakeAll({ relay, devices }: Outage): void {
  for (const event of eventsFor(devices)) relay.broadcast(event);
}

async function expectOneWakeEach({ google, server, devices }: Outage): Promise<void> {
  await google.pushes.atLeast(DEVICES);
  await untilMetric(server, 'mostro_push_devices_owed{provider="fcm"}', 0);
  await untilMetric(server, 'mostro_push_wakes_pending{provider="fcm"}', 0);
  const woken = google.pushes.all.map(({ token }) => token);
  expect(woken.toSorted()).toEqual(devices.map(({ token }) => token).toSorted());
}

test.skipIf(COUNTED)(
  'every device that was owed a wake gets exactly one when Google gives access tokens again',
  async () => {
    const outage = await beforeOutage((google) => {
      google.answerToken = () => ({ status: 503, body: {} });
    });
    wakeAll(outage);
    await untilMetric(outage.server, 'mostro_push_devices_owed{provider="fcm"}', DEVICES);
    expect(outage.google.pushes.count).toBe(0);
    outage.google.answerToken = undefined;
    await expectOneWakeEach(outage);
  },
);

test.skipIf(COUNTED)(
  'every device that was owed a wake gets exactly one when FCM answers no longer 503',
  async () => {
    const outage = await beforeOutage();
    outage.google.answer = () => fcmError(503);
    wakeAll(outage);
    await untilMetric(outage.server, 'mostro_push_devices_owed{provider="fcm"}', DEVICES);
    const tries = outage.google.refusals.count;
    outage.google.answer = undefined;
    const begun = performance.now();
    await expectOneWakeEach(outage);
    console.info(
      `FCM was down: ${tries} tries for ${DEVICES} devices, all woken ${Math.round(performance.now() - begun)} ms after it was back`,
    );
  },
);

test.skipIf(COUNTED)(
  'every device that was owed a wake gets exactly one when FCM takes connections again',
  async () => {
    const outage = await beforeOutage();
    outage.proxy.refuse(true);
    outage.proxy.reset();
    wakeAll(outage);
    await untilMetric(outage.server, 'mostro_push_devices_owed{provider="fcm"}', DEVICES);
    outage.proxy.refuse(false);
    await expectOneWakeEach(outage);
  },
);
