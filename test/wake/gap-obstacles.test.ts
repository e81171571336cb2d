import { expect, test, vi } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { eventFor } from '../support/wire-events.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const HOUR = 3600;
/** Lengths of a content: of an event that is skipped unread, and of an event that ends the connection. */
const [LEFT_OUT, ENDS_THE_CONNECTION] = [1_200_000, 4_300_000];
/** An event that ends the connection is found with some sixty connections, each after this wait. */
const SEARCH = { reconnect: { baseMs: 1, maxMs: 10 } };
const skipped = (reason: string): string => `mostro_push_relay_recovery_skipped_total{reason="${reason}"}`;

test.skipIf(BEATS).each([
  // The second is reported when the recovery reaches it.
  ['the newest', -2, ENDS_THE_CONNECTION],
  ['in the middle', 20 * HOUR, ENDS_THE_CONNECTION],
  ['the oldest', 47 * HOUR, ENDS_THE_CONNECTION],
  ['the oldest, and left out', 47 * HOUR, LEFT_OUT],
])(
  'a gap with an event in it that ends the connection %s: every other event wakes, and the poisoned second is reported',
  async (_, ageSeconds, length) => {
    const relay = keep(await RelayStandIn.start());
    const { google, server } = await setScene({ relays: [relay], relayTiming: SEARCH });
    const devices = await registerDevices(server, 100);
    relay.resetAll();
    relay.store({ ...eventFor(['ab'.repeat(32)], { ageSeconds }), content: 'x'.repeat(length) });
    relay.storeAll(
      swiftEvents(
        devices.map(({ key: recipient }, n) => ({ recipient, kind: 1059, ageSeconds: n * 1600 + 5 })),
      ),
    );
    await google.pushes.atLeast(100);
    await untilMetric(server, skipped('poisoned'), 1);
    expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
      devices.map(({ token }) => token).toSorted(),
    );
    console.info(`${await server.metric('mostro_push_relay_connections_total')} connections`);
  },
);

test.skipIf(BEATS)(
  'a gap with an event in it that ends the connection is gone around by the recoveries after it',
  async () => {
    const relay = keep(await RelayStandIn.start());
    const { google, server, phone } = await setScene({ relays: [relay], relayTiming: SEARCH });
    const alice = await phone();
    relay.resetAll();
    relay.store({
      ...eventFor(['ab'.repeat(32)], { ageSeconds: HOUR }),
      content: 'x'.repeat(ENDS_THE_CONNECTION),
    });
    await untilMetric(server, skipped('poisoned'), 1);
    await vi.waitFor(async () => expect(await recovering(server.apiUrl)).toEqual([]), {
      timeout: PATIENCE_MS,
    });
    const connections = await server.metric('mostro_push_relay_connections_total');
    relay.resetAll();
    relay.store(eventFor([alice.tradePubkey], { ageSeconds: 2 * HOUR }));
    await google.pushes.atLeast(1);
    await vi.waitFor(async () => expect(await recovering(server.apiUrl)).toEqual([]), {
      timeout: PATIENCE_MS,
    });
    expect(await server.metric('mostro_push_relay_connections_total')).toBe(connections + 1);
  },
);

test.skipIf(BEATS)(
  'a gap in which one second holds more than the relay gives at once wakes for all that it gives, and for everything older; what it does not give is reported',
  async () => {
    const relay = keep(await RelayStandIn.start({ maxLimit: 20 }));
    const { google, server } = await setScene({ relays: [relay] });
    const devices = await registerDevices(server, 60);
    relay.resetAll();
    const strangers = Array.from({ length: 50 }, () => ({
      recipient: 'ab'.repeat(32),
      kind: 1059,
      ageSeconds: HOUR,
    }));
    const sought = devices.map(({ key: recipient }, n) => ({
      recipient,
      kind: 1059,
      ageSeconds: 2 * HOUR + n,
    }));
    relay.storeAll(swiftEvents([...strangers, ...sought]));
    await google.pushes.atLeast(60);
    await untilMetric(server, skipped('crowded'), 1);
    expect(google.pushes.count).toBe(60);
  },
);

async function recovering(apiUrl: string): Promise<number[]> {
  const status = (await (await fetch(`${apiUrl}/api/status`)).json()) as {
    relays: { recovering: number[]; state: string }[];
  };
  return status.relays.flatMap((relay) => (relay.state === 'live' ? relay.recovering : [-1]));
}
