import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import { fleetNames } from '../support/fleet-engine.ts';
import { joinFleet, type FleetMember } from '../support/fleet-store.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { fcmTarget, registrationAt, tradeKey } from '../support/registrations.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const NOW = Date.now();
const KEYS = 8;

interface Scene {
  readonly server: EngineServer;
  /** Each with its way to the engine. */
  readonly members: readonly (FleetMember & { readonly wire: TcpProxy })[];
}

/** Three servers with the same registrations, and an engine that has lost everything since. Only the first server has reached it. */
async function emptied(registeredAt: number): Promise<Scene> {
  const server = await EngineServer.start();
  const wires = await Promise.all([0, 1, 2].map(() => TcpProxy.start(server.port)));
  const members = await Promise.all(
    wires.map(async (wire) => ({ ...(await joinFleet(server.address({ port: wire.port }))), wire })),
  );
  for (let n = 1; n <= KEYS; n++)
    await members[n % 3]?.registrations.put(
      registrationAt(registeredAt, { tradePubkey: tradeKey(n), target: fcmTarget(`phone-${n}`) }),
    );
  await expect.poll(() => members.map(totalOf)).toEqual([KEYS, KEYS, KEYS]);
  for (const wire of wires) wire.refuse();
  await expect.poll(() => members.some(({ store }) => store.isOpen)).toBe(false);
  await server.command('FLUSHALL');
  await reach(members.slice(0, 1));
  return { server, members };
}

function totalOf({ registrations }: FleetMember): number {
  return registrations.counts().total;
}

/** The servers reach the engine again. */
async function reach(members: Scene['members']): Promise<void> {
  for (const { wire } of members) wire.restore();
  await expect.poll(() => members.every(({ store }) => store.isOpen)).toBe(true);
}

async function remove({ registrations }: FleetMember, ...keys: number[]): Promise<void> {
  for (const n of keys)
    expect(await registrations.remove(tradeKey(n), { signed: false, now: NOW })).toBe(true);
}

async function expectEverywhere({ members, server }: Scene, total: number): Promise<void> {
  await expect.poll(() => members.map(totalOf)).toEqual(members.map(() => total));
  expect(totalOf(await joinFleet(server.address()))).toBe(total);
}

describeEngine('a removal at an emptied engine holds', () => {
  test.each([
    ['before the other servers have brought back what they have', NOW],
    ['also if the clock was ahead that made the registration', NOW + MINUTE_MS],
  ])('%s', async (_when, registeredAt) => {
    const scene = await emptied(registeredAt);
    const [first, ...others] = scene.members;
    await remove(first as FleetMember, 1, 2, 3);
    await reach(others);
    await expectEverywhere(scene, KEYS - 3);
  });

  test('also if its server was away when another one brought the registration back, and can no longer read that in the log', async () => {
    const scene = await emptied(NOW);
    const [first, ...others] = scene.members as [Scene['members'][0], ...Scene['members']];
    await remove(first, 1);
    first.wire.refuse();
    await expect.poll(() => first.store.isOpen).toBe(false);
    await reach(others);
    await expect.poll(() => others.map(totalOf)).toEqual([KEYS, KEYS]);
    await remove(others[0] as FleetMember, 2);
    await expect.poll(() => others.map(totalOf)).toEqual([KEYS - 1, KEYS - 1]);
    await scene.server.command('XTRIM', fleetNames().log, 'MAXLEN', 1);
    await reach([first]);
    await expectEverywhere(scene, KEYS - 2);
  });
});
