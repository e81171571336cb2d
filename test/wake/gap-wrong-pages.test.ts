import { describe, expect, test } from 'vitest';

import type { RelayOptions } from '../../stand-ins/relay-options.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices, type Device } from '../support/devices.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { keep } from '../support/keep.ts';
import { setSceneBeside, untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const recoveries = (outcome: string): string => `mostro_push_relay_recoveries_total{outcome="${outcome}"}`;
const STRANGER = 'ab'.repeat(32);

interface GapScene extends Scene {
  readonly devices: readonly Device[];
}

/** Forty devices got one event each, one every 90 seconds, during a gap at a relay that sends five events a page. */
async function setWrongScene(options: RelayOptions, kind: number): Promise<GapScene> {
  const relay = keep(await RelayStandIn.start({ maxLimit: 5, ...options }));
  const scene = await setScene({ relays: [relay] });
  const devices = await registerDevices(scene.server, 40);
  relay.resetAll();
  // Kind 14 is recovered from 15 minutes before the gap on.
  const apart = kind === 14 ? 20 : 90;
  relay.storeAll(
    swiftEvents(devices.map(({ key: recipient }, n) => ({ recipient, kind, ageSeconds: 5 + n * apart }))),
  );
  return { ...scene, devices };
}

describe.each([14, 1059])('a gap of kind %i at a relay', (kind) => {
  test.skipIf(BEATS).each([
    ['whose pages have the oldest of too many', 'oldest'],
    ['whose pages have any of too many', 'any'],
    ['that sends EOSE first', 'eose first'],
    ['that sends EOSE after half of a page', 'eose between'],
    ['that takes until to be exclusive', 'until excluded'],
  ] as const)('a gap at a relay %s is recovered: forty events, forty wakes', async (_, wrongPages) => {
    const { devices, google, relay, server } = await setWrongScene({ wrongPages }, kind);
    await google.pushes.atLeast(40);
    await untilLine(server, relay, { state: 'live', recovering: [] });
    const woken = google.pushes.all.map(({ token }) => token).toSorted();
    expect(woken).toEqual(devices.map(({ token }) => token).toSorted());
    expect(await server.metric(recoveries('incomplete'))).toBe(0);
  });

  test('a gap at a relay that knows no until is said to be incomplete, and is asked for again', async () => {
    const { relay, server } = await setWrongScene({ wrongPages: 'until ignored' }, kind);
    await untilMetric(server, recoveries('incomplete'), 1);
    await untilLine(server, relay, { restricted: [{ kind, reason: 'unreliable' }], recovering: [kind] });
    const line = server.log.all.find(({ msg }) => msg === 'relay.recovery_incomplete');
    expect(line).toMatchObject({ kind, reason: 'inconsistent', since: expect.any(Number) as number });
    const { count } = relay.requests;
    await relay.requests.atLeast(count + 5);
  });
});

test('a gap at a relay that has stored nothing of what it had sent live is said to be incomplete', async () => {
  const relay = keep(await RelayStandIn.start({ wrongPages: 'eose alone' }));
  const clock = new FakeClock();
  const { phone, server } = await setScene({ relays: [relay], clock: clock.read });
  // A gap is recovered only if there is a registration.
  await phone();
  for (let n = 1; n <= 4; n++) {
    clock.advance(61_000);
    relay.broadcast(eventFor([STRANGER], { ageSeconds: Math.floor((Date.now() - clock.read()) / 1000) }));
    await untilMetric(server, 'mostro_push_events_unmatched_total', n);
  }
  clock.advance(61_000);
  relay.disconnectAll();
  await untilMetric(server, recoveries('incomplete'), 1);
  await untilLine(server, relay, { restricted: [{ kind: 1059, reason: 'unreliable' }] });
});

const relayTiming = { eoseTimeoutMs: 50, pageTimeoutMs: 100 };

test('a gap at a relay that never says EOSE is recovered where the relay gives something, and incomplete where it gives no answer at all', async () => {
  const scene = await setSceneBeside({ silentEose: true }, { relayTiming });
  const { google, other: relay, phone, server } = scene;
  const unanswered = [1059, 14].map((kind) => ({ kind, reason: 'unconfirmed' }));
  await untilLine(server, relay, { state: 'live', restricted: unanswered });
  const alice = await phone();
  relay.store(eventFor([alice.tradePubkey]));
  relay.disconnectAll();
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  const isIncomplete = { where: ({ msg }: { msg: string }) => msg === 'relay.recovery_incomplete' };
  expect(await server.log.atLeast(1, isIncomplete)).toMatchObject([{ kind: 14, reason: 'unanswered' }]);
  await untilLine(server, relay, { restricted: unanswered, recovering: [14] });
});
