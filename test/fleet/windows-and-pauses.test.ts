import { expect, test } from 'vitest';

import {
  allWoken,
  countsOf,
  eventsFor,
  fleetOfPrograms,
  keyOf,
  registerAll,
  tokenOf,
  type FleetProgram,
} from '../support/fleet-of-programs.ts';
import { post } from '../support/http.ts';
import { describeEngine } from '../support/redis-engine.ts';
import { foundIn } from '../support/spellings.ts';

const PAUSED = 'mostro_push_lanes_troubled{provider="fcm",trouble="paused"}';
const DELIVERED = 'mostro_push_pushes_total{provider="fcm",outcome="delivered"}';
/** Longer than it takes until a dead server is taken over. */
const WINDOW_MS = 10_000;

const WON = 'mostro_push_fleet_claims_total{outcome="won"}';
const HANDED = 'mostro_push_fleet_claims_total{outcome="handed"}';
const REGISTERED = 'mostro_push_registrations{platform="android"}';
const DEVICES = 40;

const hasDelivered = async ({ metric }: FleetProgram): Promise<boolean> => (await metric(DELIVERED)) > 0;

/** The other party of a trade asks this server to wake device n. */
async function announce({ apiUrl }: FleetProgram, n: number): Promise<void> {
  expect((await post(`${apiUrl}/api/notify`, { trade_pubkey: keyOf(n) })).status).toBe(202);
}

describeEngine('a fleet of two servers', () => {
  test('gives a device one wake for all events of a window, and loses no chat wake, also if its server dies in the middle of it', async () => {
    const fleet = await fleetOfPrograms({ servers: 2, environment: { BATCH_DELAY_MS: String(WINDOW_MS) } });
    const { google, relay, servers } = fleet;
    await registerAll(fleet, DEVICES);
    for (const { metric } of servers) await expect.poll(() => metric(REGISTERED)).toBe(DEVICES);
    const [first, second, third] = [eventsFor(1), eventsFor(1), eventsFor(1)].flat();
    if (first === undefined || second === undefined || third === undefined) throw new Error('no event');
    relay.broadcast(first);
    await allWoken(fleet, 1);
    await expect.poll(() => Promise.all(servers.map(hasDelivered))).toContain(true);
    const [isOfFirst] = await Promise.all(servers.map(hasDelivered));
    const [owner, other] = (isOfFirst === true ? servers : servers.toReversed()) as [
      FleetProgram,
      FleetProgram,
    ];
    // Two more devices of this server: their first chat wakes go at once, and begin their windows.
    const chats: number[] = [];
    for (let n = 1; chats.length < 2; n++) {
      const before = await owner.metric(DELIVERED);
      await announce(other, n);
      await allWoken(fleet, n + 1);
      const delivered = async (): Promise<number> =>
        (await owner.metric(DELIVERED)) + (await other.metric(DELIVERED));
      await expect.poll(delivered).toBe(n + 1);
      if ((await owner.metric(DELIVERED)) > before) chats.push(n);
    }
    const [held = -1, unread = -1] = chats;
    const woken = google.pushes.count;
    // Held, and claimed by the owner.
    const won = await owner.metric(WON);
    relay.broadcast(second);
    await announce(other, held);
    await expect.poll(() => owner.metric(WON)).toBe(won + 2);
    // Its line is dead, so it does not read what is handed to it.
    owner.wire.hold();
    const handed = await other.metric(HANDED);
    await announce(other, unread);
    await expect.poll(() => other.metric(HANDED)).toBe(handed + 1);
    owner.program.kill('SIGKILL');
    relay.broadcast(third);
    await google.pushes.atLeast(woken + 3);
    expect(await other.metric('mostro_push_fleet_takeovers_total')).toBe(1);
    await expect.poll(other.program.stdout).toMatch(/"count":1,"msg":"fleet\.servers"/);
    // The third event is answered by the same wake, or the window that it began goes on.
    await expect.poll(() => other.metric('mostro_push_events_claimed_total')).toBeGreaterThan(0);
    const counts = countsOf(fleet, DEVICES);
    expect([counts[0], counts[held], counts[unread]]).toEqual([2, 2, 2]);
    expect(google.pushes.count).toBe(woken + 3);
  });

  test('leaves a device alone for as long as FCM has said, also if its server stops meanwhile', async () => {
    const fleet = await fleetOfPrograms({ servers: 2 });
    const { engine, google, relay, servers } = fleet;
    await registerAll(fleet, 2);
    for (const { metric } of servers) await expect.poll(() => metric(REGISTERED)).toBe(2);
    google.answer = ({ token }) =>
      token === tokenOf(0) ? { status: 429, headers: { 'retry-after': '3600' } } : undefined;
    for (const event of eventsFor(1)) relay.broadcast(event);
    await google.refusals.atLeast(1);
    // Each kind of wake has to wait, as the lease of the device says.
    const left = async (): Promise<unknown> => {
      const [lease = ''] = (await engine.commandBuffer('KEYS', '*:k:*')) as Buffer[];
      return engine.command('STRLEN', lease);
    };
    await expect.poll(left).toBeGreaterThan(8 + 3 * 8);
    const won = await Promise.all(servers.map(({ metric }) => metric(WON)));
    const [owner, other] = (won[0] === 1 ? servers : servers.toReversed()) as [FleetProgram, FleetProgram];
    owner.program.kill('SIGTERM');
    await expect.poll(() => other.metric('mostro_push_fleet_takeovers_total')).toBe(1);
    await expect.poll(() => other.metric('mostro_push_devices_held')).toBeGreaterThan(0);
    for (const event of eventsFor(1, 1)) relay.broadcast(event);
    await google.pushes.atLeast(1);
    expect(google.refusals.count).toBe(1);
  });

  test('sends nothing from any server while FCM has told one of them to wait', async () => {
    const fleet = await fleetOfPrograms({ servers: 2 });
    const { google, relay, servers } = fleet;
    await registerAll(fleet, 40);
    const told = new Set<string>();
    google.answer = ({ token }) => {
      told.add(token);
      return { status: 429, headers: { 'retry-after': '600' } };
    };
    const [one] = servers;
    // Of these devices, some are woken by each server. Three that were told to wait pause the lane.
    for (const event of eventsFor(20)) relay.broadcast(event);
    for (const { metric } of servers) await expect.poll(() => metric(PAUSED)).toBe(1);
    for (const event of eventsFor(20, 20)) relay.broadcast(event);
    // All of them have come to their lanes.
    const queued = async (): Promise<number> =>
      (
        await Promise.all(
          servers.map(({ metric }) => metric('mostro_push_wakes_queued_total{provider="fcm"}')),
        )
      ).reduce((sum, count) => sum + count, 0);
    await expect.poll(queued).toBeGreaterThanOrEqual(40);
    expect([...told].some((token) => Number(token.slice(tokenOf(0).length - 1)) >= 20)).toBe(false);
    expect(await one?.metric(DELIVERED)).toBe(0);
  });

  test('leaves nothing readable in the engine of what it claimed, handed over and owed', async () => {
    const fleet = await fleetOfPrograms({ servers: 2, isLogged: true });
    const { engine, google, relay, servers } = fleet;
    const monitored = await engine.monitor();
    await registerAll(fleet, 12);
    const events = eventsFor(8);
    // Some come to both servers, some to one alone, so that they are handed over.
    for (const [n, event] of events.entries())
      (n < 4 ? relay : (servers[n % 2]?.ownRelay ?? relay)).broadcast(event);
    await allWoken(fleet, 8);
    google.answer = () => ({ status: 429, headers: { 'retry-after': '600' } });
    const late = eventsFor(4, 8);
    for (const event of late) relay.broadcast(event);
    await google.refusals.atLeast(4);
    const said = Buffer.concat([
      await engine.dump(),
      await engine.appended(),
      Buffer.from(
        monitored
          .flat()
          .join('\n')
          .replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        'latin1',
      ),
    ]);
    const secrets = [...events, ...late].flatMap(({ id, pubkey, sig }) => [id, pubkey, sig.slice(0, 64)]);
    const ours = Array.from({ length: 12 }, (_, n) => [keyOf(n), tokenOf(n)]).flat();
    expect(said.length).toBeGreaterThan(10_000);
    expect(foundIn(said, [...secrets, ...ours])).toEqual([]);
    // The search finds what is there.
    expect(foundIn(Buffer.concat([said, Buffer.from(late[0]?.id ?? '', 'hex')]), secrets)).toHaveLength(1);
  });
});
