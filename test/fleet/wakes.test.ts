import { expect, test } from 'vitest';

import { FORGED } from '../support/admission.ts';
import { allWoken, countsOf, eventsFor, fleetOfPrograms, registerAll } from '../support/fleet-of-programs.ts';
import { describeEngine } from '../support/redis-engine.ts';

const SERVERS = 4;
/** Each for a device of its own. */
const EVENTS = Number(process.env['FLEET_EVENTS'] ?? 400);

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describeEngine('a fleet of four servers', () => {
  test('wakes once for each event, whichever servers it comes to, and whatever was forged before', async () => {
    const fleet = await fleetOfPrograms({ servers: SERVERS });
    const { google, relay, servers } = fleet;
    await registerAll(fleet, EVENTS + 1);
    const events = eventsFor(EVENTS);
    for (const [n, event] of events.entries()) {
      if (n % 10 === 0) relay.broadcast({ ...event, sig: FORGED });
      // Every fifth event comes to one server alone.
      if (n % 5 === 0) servers[(n / 5) % SERVERS]?.ownRelay.broadcast(event);
      else relay.broadcast(event);
    }
    await google.pushes.atLeast(EVENTS);
    // Copies that come later, and those that others have kept for a second.
    for (const event of events) relay.broadcast(event);
    await Promise.all(
      servers.map(async ({ apiUrl }) => expect((await fetch(`${apiUrl}/api/status`)).status).toBe(200)),
    );
    const [last] = eventsFor(1, EVENTS);
    if (last !== undefined) servers[3]?.ownRelay.broadcast(last);
    await google.pushes.atLeast(EVENTS + 1);
    const woken = countsOf(fleet, EVENTS + 1);
    expect(woken.filter((count) => count === 0)).toEqual([]);
    // On a busy machine a server may find the engine too slow, and wake without it.
    const alone = await Promise.all(
      servers.map(({ metric }) => metric('mostro_push_fleet_claims_total{outcome="degraded"}')),
    );
    expect(sum(woken) - woken.length).toBeLessThanOrEqual(sum(alone));
  });

  test('loses nothing when one of them is killed, and wakes twice at most for what was under way', async () => {
    const fleet = await fleetOfPrograms({ servers: SERVERS, latencyMs: 50 });
    const { google, relay, servers } = fleet;
    await registerAll(fleet, EVENTS);
    const events = eventsFor(EVENTS);
    const half = EVENTS / 2;
    for (const event of events.slice(0, half)) relay.broadcast(event);
    await google.pushes.atLeast(half / 2);
    servers[1]?.program.kill('SIGKILL');
    for (const event of events.slice(half)) relay.broadcast(event);
    await allWoken(fleet, EVENTS);
    const woken = countsOf(fleet, EVENTS);
    expect(woken.filter((count) => count === 0)).toEqual([]);
  });
});
