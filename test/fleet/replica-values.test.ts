import { expect, test } from 'vitest';

import { fleetNames, TEST_TIMING } from '../support/fleet-engine.ts';
import { joinFleet, stateOf } from '../support/fleet-store.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { registrationAt, tradeKey } from '../support/registrations.ts';

const NOW = Date.now();

const nth = (n: number) => registrationAt(NOW, { tradePubkey: tradeKey(n) });

describeEngine('a value in the engine', () => {
  test('that was lost, and cannot be given back because of a removal that is nowhere told, is counted', async () => {
    const server = await EngineServer.start();
    // No heartbeat finds that the number cannot be true.
    const timing = { ...TEST_TIMING, heartbeatMs: 600_000 };
    const a = await joinFleet(server.address(), {}, { inspectMs: 2, timing });
    await a.registrations.put(nth(1));
    await server.command('SET', fleetNames().removals, 1e9);
    const [shard = ''] = (await server.command('KEYS', '*:R:*')) as string[];
    await server.command('DEL', shard);
    await expect.poll(() => a.telemetry.total('store_failures')).toBeGreaterThan(0);
  });

  test('whose number a stranger has raised keeps no other from being written again, and no server from its stop', async () => {
    const server = await EngineServer.start();
    const a = await joinFleet(server.address(), {}, { inspectMs: 2 });
    await a.registrations.put(nth(1));
    const shardsOf = async (): Promise<string[]> => (await server.command('KEYS', '*:R:*')) as string[];
    const [kept = ''] = await shardsOf();
    await a.registrations.put(nth(2));
    const shard = (await shardsOf()).find((one) => one !== kept) ?? '';
    const [field, value] = (await server.commandBuffer('HGETALL', shard)) as [Buffer, Buffer];
    expect(await a.registrations.remove(tradeKey(2), { now: NOW, signed: false })).toBe(true);
    value.writeUIntBE(2 ** 40, 0, 6);
    await server.command('HSET', shard, field, value);
    await server.command('HSET', shard, 'a stranger', 'of any length, and long enough to have a version');
    await expect.poll(() => a.telemetry.total('fleet_values_rejected', 'record')).toBeGreaterThan(0);
    const [name] = (await server.commandBuffer('HKEYS', kept)) as Buffer[];
    await server.command('HSET', kept, name as Buffer, 'damaged');
    await expect
      .poll(async () => String(await server.command('HGET', kept, name as Buffer)))
      .not.toBe('damaged');
    await a.store.close();
  });

  test('that no server can write is counted when the changes that wait for the engine are too many', async () => {
    const server = await EngineServer.start();
    const a = await joinFleet(server.address());
    await a.registrations.put(nth(1));
    await server.kill();
    await expect.poll(() => a.store.isOpen).toBe(false);
    const before = a.telemetry.total('store_failures');
    for (let n = 0; n < 100_001; n++) a.store.contents.proofs.note(`wss://relay-${n}`, 1, NOW);
    expect(a.telemetry.total('store_failures')).toBe(before + 1);
  });

  test('that was damaged, lost or put there by a stranger is ignored, counted, told of once, and written again by a server that has the record', async () => {
    const server = await EngineServer.start();
    const a = await joinFleet(server.address(), {}, { inspectMs: 4 });
    for (let n = 1; n <= 4; n++) await a.registrations.put(nth(n));
    const [shard = '', ...others] = (await server.command('KEYS', '*:R:*')) as string[];
    const [field] = (await server.commandBuffer('HKEYS', shard)) as Buffer[];
    const [lost = ''] = others;
    await server.command('HSET', shard, field as Buffer, 'damaged');
    await server.command('HSET', shard, 'a stranger', 'of any length, and long enough to have a version');
    await server.command('DEL', lost);
    const c = await joinFleet(server.address(), {});
    await expect.poll(() => c.registrations.counts().total).toBe(4);
    expect(c.telemetry.total('fleet_values_rejected', 'record')).toBe(2);
    expect(c.telemetry.logged('fleet.value_rejected')).toEqual([{ reason: 'record' }]);
    await expect.poll(() => server.command('EXISTS', lost)).toBe(1);
    const d = await joinFleet(server.address());
    expect(stateOf(d)).toEqual(stateOf(a));
    expect(d.telemetry.total('fleet_values_rejected', 'record')).toBe(0);
  });
});
