import { expect, test } from 'vitest';

import { Secret } from '../../src/core/basics/secret.ts';
import { FleetNames } from '../../src/fleet/engine/names.ts';
import { allWoken, eventsFor, fleetOfPrograms, registerAll } from '../support/fleet-of-programs.ts';
import { describeEngine } from '../support/redis-engine.ts';

describeEngine('a server whose keys in the engine a stranger has replaced', () => {
  test('goes on waking, and counts it', async () => {
    const fleet = await fleetOfPrograms({ servers: 1 });
    const { engine, environment, relay, servers } = fleet;
    const { members } = new FleetNames(
      new Secret(Buffer.from(environment['SERVER_PRIVATE_KEY'] ?? '', 'hex')),
    );
    await registerAll(fleet, 1);
    await engine.command('SET', members, 'foreign');
    const rejected = 'mostro_push_fleet_values_rejected_total{kind="key"}';
    await expect.poll(() => servers[0]?.metric(rejected)).toBeGreaterThan(0);
    for (const event of eventsFor(1)) relay.broadcast(event);
    await allWoken(fleet, 1);
    expect(servers[0]?.program.isRunning).toBe(true);
    await engine.command('DEL', members);
    await expect.poll(() => engine.command('ZCARD', members)).toBe(1);
  });
});
