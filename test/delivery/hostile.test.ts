import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { eventsFor, registerDevices } from '../support/devices.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { standingAlarms } from '../support/metrics-page.ts';
import { eventFor } from '../support/wire-events.ts';
import { isLeftOut, MANY_DEVICES, POLICY, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const MANY = isLeftOut(MANY_DEVICES);
const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);

const JUNK = 1000;
const ENDPOINTS = 50;
/** How many addresses without a listener. The benchmark's scenario `hostile` has 5000. */
const DEAD = 600;

/** Checks that a device on FCM and a device on another push server are woken, and that the server is ready. */
async function expectOthersUndisturbed({ relay, google, server, phone }: Scene): Promise<void> {
  const good = keep(await UnifiedPushStandIn.start());
  // By this name, the push server is another host than the attacker's address.
  const endpoint = good.endpoint('Bob').replace('127.0.0.1', 'localhost');
  const [alice, bob] = [await phone(), await phone({ endpoint })];
  relay.broadcast(eventFor([alice.tradePubkey]));
  relay.broadcast(eventFor([bob.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  await good.pushes.atLeast(1);
  const ready = await fetch(`${server.adminUrl}/health/ready`);
  expect([ready.status, await ready.text()]).toEqual([200, expect.any(String)]);
}

/** Addresses on which nothing listens. Registering an address does not take owning it. */
function deadAddress(n: number): string {
  return `http://127.1.${Math.floor(n / 250)}.${(n % 250) + 1}:9/up${n}`;
}

function linesOf({ server }: Scene, ...names: string[]): string[] {
  return server.log.all.map(({ msg }) => msg).filter((msg) => names.includes(msg));
}

test.skipIf(MANY)(
  'a thousand junk tokens of one client, which FCM refuses, neither pause nor break its lane',
  async () => {
    const scene = await setScene();
    const { relay, google, server } = scene;
    const junk = await registerDevices(server, JUNK);
    const number = new Map(junk.map(({ token }, n) => [token, n]));
    google.answer = ({ token }) => {
      const n = number.get(token);
      if (n === undefined) return undefined;
      return n % 2 === 0 ? fcmError(400, 'INVALID_ARGUMENT') : fcmError(403, 'SENDER_ID_MISMATCH');
    };
    for (const event of eventsFor(junk)) relay.broadcast(event);
    await google.refusals.atLeast(JUNK);
    await expectOthersUndisturbed(scene);
    expect(linesOf(scene, 'lane.paused', 'lane.broken', 'lane.eviction_stopped', 'wake.refused')).toEqual([]);
    expect(linesOf(scene, 'wake.device_refused').length).toBeGreaterThan(0);
    expect(await server.metric('mostro_push_registrations_forgotten_total')).toBe(0);
  },
);

test.each([
  ['410', 410],
  ['429', 429],
  ['503', 503],
  ['403', 403],
])(
  'a push server that is hostile to its own endpoints and answers all of them %s disturbs no other push server',
  async (_name, status) => {
    const laneSizes = { unifiedpush: { concurrency: 16, capacity: 20 } };
    const scene = await setScene({ laneSizes });
    const { relay, phone } = scene;
    const hostile = keep(await UnifiedPushStandIn.start());
    hostile.answer = () => ({ status, headers: { 'retry-after': '3600' } });
    const names = Array.from({ length: ENDPOINTS }, (_, n) => `Eve${n}`);
    const eves = await Promise.all(names.map((name) => phone({ endpoint: hostile.endpoint(name) })));
    for (const { tradePubkey } of eves) relay.broadcast(eventFor([tradePubkey]));
    await hostile.pushes.atLeast(3);
    await expectOthersUndisturbed(scene);
    // After a slot, a lane whose devices are all owed is none any more.
    if (POLICY === 'prompt') await untilMetric(scene.server, 'mostro_push_lanes{provider="unifiedpush"}', 2);
    // The queue of the hostile host is full, and it calls more devices gone than it delivers to. FCM must not suffer from either.
    expect(['', 'UnifiedPush host down']).toContain((await standingAlarms(scene.server)).join());
  },
);

test.skipIf(COUNTED)(
  'hundreds of addresses that never answer delay no push server, and are no lanes once they are owed their wakes',
  async () => {
    const scene = await setScene({
      environment: { RETRY_MIN_MS: '1000', RETRY_BASE_MS: '1000', WAKE_DEADLINE_SECONDS: '1' },
    });
    const { relay, server } = scene;
    const eves = await registerDevices(server, DEAD, deadAddress);
    for (const event of eventsFor(eves)) relay.broadcast(event);
    await untilMetric(server, 'mostro_push_wakes_queued_total{provider="unifiedpush"}', DEAD);
    await expectOthersUndisturbed(scene);
    await untilMetric(server, 'mostro_push_devices_owed{provider="unifiedpush"}', DEAD);
    await untilMetric(server, 'mostro_push_lanes{provider="unifiedpush"}', 1);
    await expectOthersUndisturbed(scene);
  },
);
