import { expect, test } from 'vitest';

import { Secret } from '../../src/core/basics/secret.ts';
import { StoreUnavailable } from '../../src/core/registry/registration-store.ts';
import { ADOPT } from '../../src/fleet/claims/adopt-script.ts';
import { BEAT } from '../../src/fleet/claims/beat-script.ts';
import { headOf, newsHead } from '../../src/fleet/claims/claim-batches.ts';
import { CLAIM } from '../../src/fleet/claims/claim-script.ts';
import { LEAVE } from '../../src/fleet/claims/leave-script.ts';
import { LOOK } from '../../src/fleet/claims/look-script.ts';
import { PAUSE } from '../../src/fleet/claims/pause-script.ts';
import { ROUTE } from '../../src/fleet/claims/route-script.ts';
import { TELL_CLAIMS } from '../../src/fleet/claims/tell-claims-script.ts';
import { TELL } from '../../src/fleet/claims/tell-script.ts';
import { EngineUnavailable } from '../../src/fleet/engine/engine.ts';
import { CHECK_KEYS } from '../../src/fleet/engine/foreign-keys.ts';
import { FleetNames } from '../../src/fleet/engine/names.ts';
import type { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { areAbsent } from '../../src/fleet/replica/absent-fields.ts';
import { dropDamaged } from '../../src/fleet/replica/drop-damaged.ts';
import { locateLog } from '../../src/fleet/replica/locate-log.ts';
import { writeChanges, type ChangeMode } from '../../src/fleet/replica/write-changes.ts';
import { bytesOf } from '../support/claim-scripts.ts';
import { fleetNames, openEngine, TEST_TIMING } from '../support/fleet-engine.ts';
import {
  allWoken,
  countsOf,
  eventsFor,
  fleetOfPrograms,
  keyOf,
  register,
  registerAll,
  tokenOf,
} from '../support/fleet-of-programs.ts';
import { joinFleet, stateOf } from '../support/fleet-store.ts';
import { FOREIGN_TYPES, replaceKeys } from '../support/foreign-values.ts';
import { describeEngine, describeEngines, EngineServer } from '../support/redis-engine.ts';
import { EngineFleet, realSchedule } from '../support/engine-fleet.ts';
import { registrationAt, tradeKey } from '../support/registrations.ts';
import { deviceOf, join, joinAll, nextBeat, wakeOf } from '../support/sharing-servers.ts';

const LIFE_MS = 60_000;
const NOW = Date.now();
const [EVENT, NEXT] = ['e1'.repeat(32), 'e2'.repeat(32)] as [string, string];

const names = fleetNames();
const [ME, OTHER, DEAD] = [bytesOf('me', 8), bytesOf('other', 8), bytesOf('dead', 8)];
const [CLAIMED, GROUP, FIELD] = [bytesOf('claim'), bytesOf('group'), bytesOf('field')];
const SHARD = names.shardOf(FIELD);
const LANE = Buffer.concat([Buffer.from('z'), bytesOf('lane')]);

/** Every key that a fleet has, if it has one of each kind. */
const KEYS: Readonly<Record<string, Buffer | string>> = {
  'of records': names.shard(SHARD),
  'of the log': names.log,
  'of the last change': names.sequence,
  'of the last removal': names.removals,
  'of the members': names.members,
  'of the pauses': names.pauses,
  'of the settings': names.settings,
  'of told claims': names.told,
  'of a grace': `${names.prefix}g`,
  'of the last grace': `${names.prefix}x`,
  'of a claim': names.claimKey(CLAIMED),
  'of a lease': names.leaseKey(GROUP),
  'of what a session has pending': names.pendingKey(ME),
  'of what a dead session has pending': names.pendingKey(DEAD),
  'of an inbox': names.inboxKey(ME),
  'of the inbox of another session': names.inboxKey(OTHER),
  'of the inbox of a dead session': names.inboxKey(DEAD),
};

/** Every script, as servers run it. */
const SCRIPTS: Readonly<Record<string, (engine: RedisEngine) => Promise<unknown>>> = {
  beats: (engine) => engine.run(BEAT, [names.prefix], [ME, LIFE_MS, 1, LIFE_MS]),
  claims: (engine) =>
    engine.run(CLAIM, [names.prefix], [ME, LIFE_MS, headOf(CLAIMED, GROUP, 'own', ME), 'sealed']),
  'hands on': (engine) =>
    engine.run(CLAIM, [names.prefix], [ME, LIFE_MS, headOf(CLAIMED, GROUP, 'open', OTHER), 'sealed']),
  looks: (engine) => engine.run(LOOK, [names.prefix], [CLAIMED]),
  tells: (engine) => {
    const news = [
      [newsHead('L', GROUP), ''],
      [newsHead('O', bytesOf('device'), GROUP), 'sealed'],
      [newsHead('X', CLAIMED), ''],
      [newsHead('S', CLAIMED), Buffer.concat([OTHER, Buffer.from('0-1')])],
    ];
    return engine.run(TELL, [names.prefix], [ME, LIFE_MS, ...news.flat()]);
  },
  adopts: (engine) => engine.run(ADOPT, [names.prefix], [ME, DEAD, 100, LIFE_MS, 0]),
  routes: (engine) => engine.run(ROUTE, [names.prefix], [ME, LIFE_MS, GROUP, OTHER, CLAIMED, '0-1']),
  pauses: (engine) => engine.run(PAUSE, [names.prefix], [ME, LANE, LIFE_MS, 'sealed']),
  leaves: (engine) => engine.run(LEAVE, [names.prefix], [OTHER]),
  writes: (engine) => {
    const change = (mode: ChangeMode) => ({ mode, field: FIELD, shard: SHARD, base: 9, value: FIELD });
    const groups = [[change('restore')], [change('put')], [change('remove')]];
    const renewals = { changes: [change('renew')], told: FIELD };
    return writeChanges(engine, names, ME, { groups, renewals });
  },
  'locates the log': (engine) => locateLog(engine, names, { after: '1-1' }),
  'looks for what is absent': (engine) =>
    areAbsent(engine, names, engine.epoch, [FIELD]).catch((error: unknown) => {
      if (!(error instanceof EngineUnavailable)) throw error;
    }),
  'drops what is damaged': (engine) =>
    dropDamaged(engine, names, [
      { shard: SHARD, field: FIELD, version: 0, sealed: FIELD, value: Buffer.from('foreign') },
    ]),
  'tells of claims': (engine) => engine.run(TELL_CLAIMS, [names.told], [ME, 'sealed']),
  'checks the keys': (engine) => engine.run(CHECK_KEYS, [names.prefix], []),
};

/** No heartbeat finds the keys before the scripts do. */
const UNNOTICED = { ...TEST_TIMING, gatherMs: 0, heartbeatMs: 600_000 };

describeEngines('a script', (program) => {
  test('fails at no key of the fleet, whatever type a stranger has given it', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address(), { timing: UNNOTICED });
    const failed: string[] = [];
    for (const type of FOREIGN_TYPES) {
      for (const [what, key] of Object.entries(KEYS)) {
        for (const [does, run] of Object.entries(SCRIPTS)) {
          await Promise.all([
            ...[ME, OTHER].map((one) => server.command('SET', names.aliveKey(one), '', 'PX', LIFE_MS)),
            server.command('DEL', names.members),
            server.command('ZADD', names.members, Date.now(), ME, Date.now(), OTHER, 0, DEAD),
            replaceKeys(server, [key], type),
          ]);
          await run(engine).catch((error: unknown) =>
            failed.push(`${does}, key ${what}, ${type}: ${String(error)}`),
          );
        }
      }
    }
    expect(failed).toEqual([]);
  });
});

describeEngine('what a stranger has replaced in the engine', () => {
  test('of the records is not taken for removed by a server that compares its memory with the engine', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address(), { timing: UNNOTICED });
    const isAbsent = async (): Promise<unknown> => areAbsent(engine, names, engine.epoch, [FIELD]);
    expect(await isAbsent()).toEqual([true]);
    await replaceKeys(server, [names.shard(SHARD)], 'set');
    for (let tries = 0; tries < 2; tries++) await expect(isAbsent()).rejects.toThrow(EngineUnavailable);
  });

  test('of the records, the log or its numbers is written again by the servers that have it, and changes go on', async () => {
    const server = await EngineServer.start();
    const timing = { ...TEST_TIMING, heartbeatMs: 20 };
    const [a, b] = await Promise.all([1, 2].map(() => joinFleet(server.address(), {}, { timing })));
    const put = async (n: number): Promise<void> => {
      const registration = registrationAt(NOW, { tradePubkey: tradeKey(n) });
      await a?.registrations.put(registration).catch(async (error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
        await expect.poll(() => a.store.isOpen).toBe(true);
        await put(n);
      });
    };
    for (let n = 1; n <= 20; n++) await put(n);
    const shards = (await server.commandBuffer('KEYS', `${names.shards}*`)) as Buffer[];
    let count = 20;
    const { log, removals, sequence } = names;
    for (const type of ['list', 'number'] as const)
      for (const keys of [shards, [log], [sequence], [removals], [log, ...shards]]) {
        await replaceKeys(server, keys, type);
        await put(++count);
        await expect.poll(() => b?.registrations.counts().total).toBe(count);
      }
    const late = await joinFleet(server.address());
    await expect.poll(() => stateOf(late)).toEqual(a && stateOf(a));
    expect([a, b, late].map((one) => one?.registrations.counts().total)).toEqual([count, count, count]);
  });

  test('of the records by some of the same type is written again when a server looks for its records, which it does all the time', async () => {
    const server = await EngineServer.start();
    // So much faster than in the program that one shard after the other takes too long, and a look for all records does not.
    const a = await joinFleet(server.address(), {}, { inspectMs: 400 });
    await a.registrations.put(registrationAt(NOW, { tradePubkey: tradeKey(1) }));
    const shards = (await server.commandBuffer('KEYS', `${names.shards}*`)) as Buffer[];
    await replaceKeys(server, shards, 'hash');
    await expect.poll(() => server.command('HLEN', shards[0] ?? '')).toBe(2);
  });

  test('of what a server has claimed ends its session: it claims again what is open, and no other server wakes for it', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    await a.share.claim(EVENT, [wake], 'own');
    const former = a.share.session;
    await replaceKeys(fleet.server, [names.pendingKey(former)], 'list');
    expect(await a.share.claim(NEXT, [wake], 'own')).toMatchObject([{ outcome: 'won' }]);
    expect(a.share.session).not.toEqual(former);
    await expect.poll(() => fleet.server.command('HLEN', names.pendingKey(a.share.session))).toBe(2);
    const asked = [EVENT, NEXT].map((event) => ({ event, device: wake.device }));
    expect(await b.share.look(asked)).toEqual(['taken', 'taken']);
    await nextBeat(fleet, b);
    expect([a.handed, b.handed, a.faults, b.faults]).toEqual([[], [], [], []]);
  });

  test('of an inbox is handed over again by the server that has handed it over', async () => {
    const fleet = await EngineFleet.start();
    let isReading = false;
    const b = await join(fleet, { isCurrent: () => isReading });
    const a = await join(fleet, { schedule: (ms, onTime) => realSchedule(Math.min(ms, 50), onTime) });
    await expect.poll(() => [a.share.servers, b.share.servers]).toEqual([2, 2]);
    const wake = wakeOf(deviceOf(b));
    const hand = async (event: string): Promise<unknown> => {
      const [claim] = await a.share.claim(event, [wake], 'open');
      return claim?.outcome;
    };
    expect(await hand(EVENT)).toBe('handed');
    await replaceKeys(fleet.server, [names.inboxKey(b.share.session)], 'string');
    expect(await hand(NEXT)).toBe('handed');
    await expect.poll(() => a.handed).toContainEqual({ event: EVENT, wake });
    // It has another id by now.
    await expect.poll(() => [a.share.servers, b.share.servers]).toEqual([2, 2]);
    isReading = true;
    expect(await hand(EVENT)).toBe('handed');
    await expect.poll(() => b.handed).toContainEqual({ event: EVENT, wake });
  });
});

describeEngine('a fleet in which a stranger replaces all keys at once', () => {
  test('ends no server, wakes for every event, keeps every registration, and counts it', async () => {
    const fleet = await fleetOfPrograms({ servers: 2 });
    const { engine, environment, relay, servers } = fleet;
    const { prefix } = new FleetNames(
      new Secret(Buffer.from(environment['SERVER_PRIVATE_KEY'] ?? '', 'hex')),
    );
    await registerAll(fleet, 40);
    for (const [n, event] of eventsFor(40).entries()) {
      relay.broadcast(event);
      if (n !== 20) continue;
      const keys = (await engine.commandBuffer('KEYS', `${prefix}*`)) as Buffer[];
      await replaceKeys(engine, keys, 'list');
    }
    const rejected = 'mostro_push_fleet_values_rejected_total{kind="key"}';
    for (const { metric } of servers) await expect.poll(() => metric(rejected)).toBeGreaterThan(0);
    await allWoken(fleet, 40);
    expect(countsOf(fleet, 40)).not.toContain(0);
    const status = async (): Promise<number> =>
      (await register(servers[0] as (typeof servers)[number], keyOf(40), tokenOf(40))).status;
    await expect.poll(status).toBe(200);
    for (const { metric } of servers)
      await expect.poll(() => metric('mostro_push_registrations{platform="android"}')).toBe(41);
    expect(servers.map(({ program }) => program.isRunning)).toEqual([true, true]);
  });
});
