import { expect, test } from 'vitest';

import type { GooglePush } from '../../stand-ins/google-messages.ts';
import {
  allWoken,
  countsOf,
  eventsFor,
  fleetOfPrograms,
  registerAll,
  type FleetOfPrograms,
  type FleetProgram,
} from '../support/fleet-of-programs.ts';
import { describeEngine } from '../support/redis-engine.ts';

const DEVICES = 100;
const DELIVERED = 'mostro_push_pushes_total{provider="fcm",outcome="delivered"}';
const MATCHED = 'mostro_push_events_matched_total';
const CLAIMS_WON = 'mostro_push_fleet_claims_total{outcome="won"}';

interface Step {
  readonly name: string;
  /** Brings the server to the step with this event, and kills it there. */
  readonly reach: (fleet: FleetOfPrograms, server: FleetProgram, publish: () => void) => Promise<void>;
  /** How often the device may be woken for the event. */
  readonly most: number;
}

/** Resolves when FCM has got a message. The message is answered as the hook says. */
function nextMessage({ google }: FleetOfPrograms, answer: (push: GooglePush) => void): Promise<void> {
  return new Promise((resolve) => {
    google.answer = (push) => {
      answer(push);
      resolve();
      return undefined;
    };
  });
}

const STEPS: readonly Step[] = [
  {
    name: 'before it has claimed the event',
    most: 1,
    reach: async (_fleet, server, publish) => {
      const matched = await server.metric(MATCHED);
      // Its line to the engine is dead, so no claim gets there.
      server.wire.hold();
      publish();
      await expect.poll(() => server.metric(MATCHED)).toBe(matched + 1);
    },
  },
  {
    name: 'after it has claimed the event, while the push is under way',
    most: 2,
    reach: async (fleet, server, publish) => {
      const claimed = await server.metric(CLAIMS_WON);
      const got = nextMessage(fleet, () => undefined);
      publish();
      await got;
      await expect.poll(() => server.metric(CLAIMS_WON)).toBe(claimed + 1);
    },
  },
  {
    name: 'after FCM has taken the push, before the engine is told',
    most: 2,
    reach: async (fleet, server, publish) => {
      const delivered = await server.metric(DELIVERED);
      // The claim is made. Then the line dies, and what became of it does not get through.
      const got = nextMessage(fleet, () => server.wire.hold());
      publish();
      await got;
      await expect.poll(() => server.metric(DELIVERED)).toBe(delivered + 1);
    },
  },
  {
    name: 'after the engine was told',
    most: 1,
    reach: async (fleet, server, publish) => {
      const before = fleet.google.pushes.count;
      publish();
      await fleet.google.pushes.atLeast(before + 1);
      // The next claim goes out after what became of this one.
      const claimed = await server.metric(CLAIMS_WON);
      expect(claimed).toBeGreaterThan(0);
      await expect.poll(() => server.metric('mostro_push_wakes_pending{provider="fcm"}')).toBe(0);
    },
  },
];

/** The first step takes a lease more on a busy machine, so it is tried with `FLEET_FAULTS=all`. */
const TRIED = process.env['FLEET_FAULTS'] === 'all' ? STEPS : STEPS.slice(1);

describeEngine('a server of a fleet that is killed', () => {
  test.each(TRIED)('$name loses no wake', async ({ most, reach }) => {
    const fleet = await fleetOfPrograms({ servers: 2 });
    const { google, relay, servers } = fleet;
    await registerAll(fleet, DEVICES);
    // A device of the first server: the one whose wake it delivers.
    const [server] = servers as [FleetProgram];
    let device = -1;
    for (let n = 0, delivered = 0; n < DEVICES && delivered === 0; n++) {
      for (const event of eventsFor(1, n)) relay.broadcast(event);
      await allWoken(fleet, n + 1);
      await expect
        .poll(async () => {
          const all = await Promise.all(servers.map(({ metric }) => metric(DELIVERED)));
          return (all[0] ?? 0) + (all[1] ?? 0);
        })
        .toBe(n + 1);
      delivered = await server.metric(DELIVERED);
      device = n;
    }
    const before = countsOf(fleet, DEVICES)[device] ?? 0;
    await reach(fleet, server, () => eventsFor(1, device).forEach((event) => relay.broadcast(event)));
    server.program.kill('SIGKILL');
    await expect.poll(() => countsOf(fleet, DEVICES)[device]).toBeGreaterThan(before);
    // An event that only the other server gets, and that it would hand over: when it has woken, all that was left is taken over.
    google.answer = undefined;
    const last = device + 1 < DEVICES - 1 ? DEVICES - 1 : DEVICES - 2;
    for (const event of eventsFor(1, last)) servers[1]?.ownRelay.broadcast(event);
    await expect.poll(() => countsOf(fleet, DEVICES)[last]).toBe(1);
    expect((countsOf(fleet, DEVICES)[device] ?? 0) - before).toBeLessThanOrEqual(most);
  });
});
