import { expect, test } from 'vitest';

import {
  countsOf,
  eventsFor,
  fleetOfPrograms,
  registerAll,
  tokenOf,
  type FleetOfPrograms,
  type FleetProgram,
} from '../support/fleet-of-programs.ts';
import { describeEngine } from '../support/redis-engine.ts';

const DEVICES = 100;
const DELIVERED = 'mostro_push_pushes_total{provider="fcm",outcome="delivered"}';
const MATCHED = 'mostro_push_events_matched_total';
const DEGRADED = 'mostro_push_fleet_claims_total{outcome="degraded"}';

interface Step {
  readonly name: string;
  /** Brings the server to the step with an event for its device. Then the server is killed. */
  readonly reach: (fleet: FleetOfPrograms, server: FleetProgram, device: number) => Promise<void>;
  /** How often the device may be woken for the event. */
  readonly most: number;
}

const STEPS: readonly Step[] = [
  {
    name: 'after the engine was told',
    most: 1,
    reach: async (fleet, _server, device) => {
      const got = nextMessage(fleet, device);
      publish(fleet, device);
      await got;
      // Nothing is pending at any server.
      await expect.poll(() => fleet.engine.command('KEYS', '*:p:*')).toEqual([]);
    },
  },
  {
    name: 'before it has claimed the event',
    most: 1,
    reach: async (fleet, server, device) => {
      const matched = await server.metric(MATCHED);
      // Its line to the engine is dead, so no claim gets there. Alone it would wake before it is killed.
      server.wire.hold();
      fleet.google.answer = () => ({ status: 503 });
      publish(fleet, device);
      await expect.poll(() => server.metric(MATCHED)).toBeGreaterThan(matched);
    },
  },
  {
    name: 'after it has claimed the event, while the push is under way',
    most: 2,
    reach: async (fleet, _server, device) => {
      const got = nextMessage(fleet, device);
      publish(fleet, device);
      await got;
    },
  },
  {
    name: 'after FCM has taken the push, before the engine is told',
    most: 2,
    reach: async (fleet, server, device) => {
      const before = await delivered(fleet);
      // The claim is made. Then the line dies, and what became of it does not get through.
      const got = nextMessage(fleet, device, () => server.wire.hold());
      publish(fleet, device);
      await got;
      await expect.poll(async () => sum(await delivered(fleet))).toBeGreaterThan(sum(before));
    },
  },
];

/** Resolves when FCM has got a message for the device. @param before runs before FCM answers */
function nextMessage(
  { google }: FleetOfPrograms,
  device: number,
  before: () => void = () => undefined,
): Promise<void> {
  return new Promise((resolve) => {
    google.answer = ({ token }) => {
      if (token === tokenOf(device)) {
        before();
        resolve();
      }
      return undefined;
    };
  });
}

function publish({ relay }: FleetOfPrograms, device: number): void {
  for (const event of eventsFor(1, device)) relay.broadcast(event);
}

/** The value of the series at each server that runs. */
function valuesOf({ servers }: FleetOfPrograms, series: string): Promise<number[]> {
  return Promise.all(
    servers.map(async ({ metric, program }) => (program.isRunning ? await metric(series) : 0)),
  );
}

const delivered = (fleet: FleetOfPrograms): Promise<number[]> => valuesOf(fleet, DELIVERED);
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** A device of each of the first servers, whose wakes that server delivers. */
async function devicesOf(fleet: FleetOfPrograms, count: number): Promise<number[]> {
  const found = new Map<number, number>();
  for (let device = 0; found.size < count; device++) {
    const before = await delivered(fleet);
    publish(fleet, device);
    let after = before;
    await expect.poll(async () => sum((after = await delivered(fleet)))).toBeGreaterThan(sum(before));
    const server = after.findIndex((value, index) => value > (before[index] ?? 0));
    if (server < count && !found.has(server)) found.set(server, device);
  }
  return Array.from({ length: count }, (_, server) => found.get(server) ?? 0);
}

describeEngine('servers of a fleet that are killed at the steps of a wake', () => {
  test(`lose no wake: ${STEPS.map(({ name }) => name).join('; ')}`, async () => {
    const fleet = await fleetOfPrograms({ servers: STEPS.length + 1 });
    const { google, servers } = fleet;
    await registerAll(fleet, DEVICES);
    const devices = await devicesOf(fleet, STEPS.length);
    const before = countsOf(fleet, DEVICES);
    for (const [index, { reach }] of STEPS.entries()) {
      const server = servers[index] as FleetProgram;
      await reach(fleet, server, devices[index] as number);
      server.program.kill('SIGKILL');
      await server.program.exited;
      google.answer = undefined;
    }
    const wakes = (device: number): number => (countsOf(fleet, DEVICES)[device] ?? 0) - (before[device] ?? 0);
    for (const [index, { name }] of STEPS.entries())
      await expect.poll(() => wakes(devices[index] as number), { message: name }).toBeGreaterThan(0);
    // An event that only the last server gets, and that it would hand over: when it has woken, all that was left is taken over.
    for (const event of eventsFor(1, DEVICES - 1)) servers.at(-1)?.ownRelay.broadcast(event);
    await expect.poll(() => wakes(DEVICES - 1)).toBeGreaterThan(0);
    // On a busy machine a server may find the engine too slow, and wake without it.
    const alone = sum(await valuesOf(fleet, DEGRADED));
    const tooOften = STEPS.filter(({ most }, index) => wakes(devices[index] as number) > most + alone);
    expect(tooOften.map(({ name }) => name)).toEqual([]);
  });
});
