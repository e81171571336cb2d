import { expect, onTestFinished, test, vi } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { standingAlarms } from '../support/metrics-page.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const HOUR_MS = 3_600_000;

/** Sets the clock of the machine to a difference from the true time. @returns a function that sets another difference */
function setClock(ms: number): (ms: number) => void {
  const now = Date.now.bind(Date);
  let differenceMs = ms;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + differenceMs);
  onTestFinished(() => clock.mockRestore());
  return (other) => void (differenceMs = other);
}

test.skipIf(BEATS).each([
  ['ahead, as after a freeze', HOUR_MS],
  ['back', -HOUR_MS],
])(
  'a clock that jumps %s begins every connection anew, and what was stored meanwhile wakes',
  async (_, jumpMs) => {
    const relays = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
    const { google, phone } = await setScene({ relays });
    const phones = [await phone(), await phone()];
    for (const [n, relay] of relays.entries()) {
      relay.dropSubscriptionsSilently();
      relay.store(eventFor([phones[n]?.tradePubkey ?? ''], { kind: 14 }));
    }
    setClock(jumpMs);
    await Promise.all(relays.map((relay) => relay.subscribed(14, 2)));
    const pushes = await google.pushes.atLeast(2);
    expect(pushes.map(({ token }) => token).toSorted()).toEqual(phones.map(({ token }) => token).toSorted());
  },
);

test('a machine that sleeps for half an hour in the middle of a recovery gives up none of it', async () => {
  let sleptMs = 0;
  const relays = [keep(await RelayStandIn.start({ maxLimit: 2 }))];
  const { google, phone, relay, server } = await setScene({ relays, clock: () => Date.now() + sleptMs });
  const phones = await Promise.all(Array.from({ length: 6 }, () => phone()));
  for (const [n, { tradePubkey }] of phones.entries())
    relay.store(eventFor([tradePubkey], { kind: 14, ageSeconds: 10 * n }));
  // First a wake at the right time: Google refuses assertions with a wrong date.
  relay.broadcast(eventFor([(await phone()).tradePubkey]));
  await google.pushes.atLeast(1);
  const before = relay.requests.count;
  relay.disconnectAll();
  await relay.requests.atLeast(before + 2);
  relay.pauseAnswers();
  await relay.heldFrames.atLeast(1);
  sleptMs = HOUR_MS / 2;
  relay.resumeAnswers();
  await google.pushes.atLeast(1 + phones.length);
  const incomplete = 'mostro_push_relay_recoveries_total{outcome="incomplete"}';
  expect(await server.metric(incomplete)).toBe(0);
});

/** A sweep of the store every 0.36 s. */
const SWEEPS = { CLEANUP_INTERVAL_HOURS: '0.0001' };

test.skipIf(BEATS)(
  'setting the clock of the machine 72 h ahead for some sweeps removes no registration, neither from memory nor from the disk, and loses no wake',
  async () => {
    const directory = await tempDirectory();
    const environment = { ...SWEEPS, STORE: 'file', DATA_DIR: directory };
    const { google, phone, relay, server } = await setScene({ environment });
    const alice = await phone();
    const set = setClock(72 * HOUR_MS);
    await server.log.atLeast(2, { where: ({ msg }) => msg === 'registrations.kept' });
    expect(await standingAlarms(server)).toContain('clock off');
    // The event is dated by a right clock.
    const event = eventFor([alice.tradePubkey], { ageSeconds: 72 * 3600 });
    await relay.subscribed(1059, 2);
    relay.broadcast(event);
    await google.pushes.atLeast(1);
    set(0);
    await untilMetric(server, 'mostro_push_alarm{alarm="clock off"}', 0);
    relay.broadcast(event);
    relay.broadcast(eventFor([alice.tradePubkey]));
    await google.pushes.atLeast(2);
    await server.stop();
    const again = keep(await startTestServer({ relays: [relay], google, environment }));
    await untilMetric(again, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    relay.broadcast(event);
    relay.broadcast(eventFor([alice.tradePubkey]));
    const pushes = await google.pushes.atLeast(3);
    expect(pushes.map(({ token }) => token)).toEqual([alice.token, alice.token, alice.token]);
    expect(await again.metric('mostro_push_registrations_expired_total')).toBe(0);
  },
);

test('setting the clock of the machine back by two hours delays no retry and no lane that waits', async () => {
  const { google, phone, relay, server } = await setScene({ environment: { RETRY_MIN_MS: '300' } });
  const phones = [await phone(), await phone(), await phone()];
  let isDown = true;
  google.answer = () => (isDown ? fcmError(503) : undefined);
  for (const { tradePubkey } of phones) relay.broadcast(eventFor([tradePubkey]));
  await server.log.atLeast(1, { where: ({ msg }) => msg === 'lane.broken' });
  setClock(-2 * HOUR_MS);
  isDown = false;
  const pushes = await google.pushes.atLeast(3);
  expect(new Set(pushes.map(({ token }) => token)).size).toBe(3);
});

test('setting the clock of the machine is followed where two relays agree, and what was registered before lives as long as it should', async () => {
  const relays = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  // A machine without a battery for its clock starts in another year.
  const set = setClock(-400 * 24 * HOUR_MS);
  const { google, phone, relay, server } = await setScene({ relays, environment: SWEEPS });
  const alice = await phone();
  set(0);
  await server.log.atLeast(1, { where: ({ msg }) => msg === 'clock.corrected' });
  await server.log.atLeast(1, { where: ({ msg }) => msg === 'clock.jumped' });
  await untilMetric(server, 'mostro_push_alarm{alarm="clock off"}', 0);
  await relay.subscribed(1059, 2);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  expect(await server.metric('mostro_push_registrations_expired_total')).toBe(0);
});

test.skipIf(BEATS).each([
  ['a year ahead', 365 * 24 * HOUR_MS],
  ['a year behind', -365 * 24 * HOUR_MS],
])('setting the clock of the machine %s before a start loses nothing that was kept', async (_, ms) => {
  const environment = { ...SWEEPS, STORE: 'file', DATA_DIR: await tempDirectory() };
  const { google, phone, relay, server } = await setScene({ environment });
  // Google refuses assertions that are dated by such a clock.
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  const alice = await phone({ endpoint: unifiedPush.endpoint('Alice') });
  const bob = await phone({ endpoint: unifiedPush.endpoint('Bob') });
  await server.stop();
  relay.store(eventFor([bob.tradePubkey], { kind: 14 }));
  setClock(ms);
  const again = keep(await startTestServer({ relays: [relay], google, environment }));
  await again.log.atLeast(2, { where: ({ msg }) => msg === 'registrations.kept' });
  await untilMetric(again, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
  relay.broadcast(eventFor([alice.tradePubkey], { ageSeconds: ms / 1000 }));
  const pushes = await unifiedPush.pushes.atLeast(2);
  expect(pushes.map(({ path }) => path).toSorted()).toEqual(['/upAlice?up=1', '/upBob?up=1']);
  expect(await again.metric('mostro_push_registrations_expired_total')).toBe(0);
});

test.each([
  ['ahead', 80 * HOUR_MS],
  ['behind', -80 * HOUR_MS],
])(
  'setting the clock of the machine 80 hours %s before a start neither keeps a device from being woken through FCM nor removes its registration',
  async (_, ms) => {
    const environment = { ...SWEEPS, STORE: 'file', DATA_DIR: await tempDirectory() };
    const set = setClock(ms);
    const { google, phone, relay, server } = await setScene({ environment });
    const alice = await phone();
    // The server asks Google for an access token soon after the start, until it gets one.
    await server.log.atLeast(1, { where: ({ msg }) => msg === 'clock.corrected' });
    relay.broadcast(eventFor([alice.tradePubkey], { ageSeconds: ms / 1000 }));
    await google.pushes.atLeast(1);
    expect(await standingAlarms(server)).toContain('clock off');
    await server.stop();
    set(0);
    const again = keep(await startTestServer({ relays: [relay], google, environment }));
    await untilMetric(again, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    // At the first time Google accepts assertions; at the second an expired registration is not woken.
    for (const count of [2, 3]) {
      relay.broadcast(eventFor([alice.tradePubkey]));
      await google.pushes.atLeast(count);
    }
    expect(await standingAlarms(again)).not.toContain('clock off');
    expect(await again.metric('mostro_push_registrations_expired_total')).toBe(0);
  },
);
