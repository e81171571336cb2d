import { expect, test } from 'vitest';

import { EngineRefused } from '../../src/fleet/engine/engine.ts';
import { openEngine, TEST_TIMING } from '../support/fleet-engine.ts';
import { allWoken, countsOf, eventsFor, fleetOfPrograms, registerAll } from '../support/fleet-of-programs.ts';
import { nextVersion } from '../support/next-version.ts';
import { outcome } from '../support/program.ts';
import { describeEngine, describeEngines, EngineServer } from '../support/redis-engine.ts';

const HOLD_MS = 3_600_000;
/** What a version reads. */
const [OLD, NEXT, LAST] = [1, 2, 3].map((newest) => ({ oldest: 1, newest, holdMs: HOLD_MS }));
const TOO_NEW = 'its database 0 was written by a newer version of this program; run that version';

/** Says once what it reads, and nothing more. */
const SILENT = { ...TEST_TIMING, heartbeatMs: HOLD_MS };

/** A server starts. @returns the form in which it writes, or why it does not start */
async function start(server: EngineServer, forms = OLD): Promise<number | string> {
  try {
    const engine = await openEngine(server.address(), { timing: SILENT, forms });
    await engine.close();
    return engine.form;
  } catch (error) {
    if (error instanceof EngineRefused) return error.reason;
    throw error;
  }
}

/** The time in which the form may not go up is over. */
async function pass(server: EngineServer): Promise<void> {
  await server.command('HSET', 'mp', 'hold', 1);
}

describeEngines('the form in which a fleet writes', (program) => {
  test('goes up one by one when no server was heard of for a while that does not read the next, and never down', async () => {
    const server = await EngineServer.start({ program });
    expect(await start(server, LAST)).toBe(1);
    await pass(server);
    expect(await start(server, OLD)).toBe(1);
    expect([await start(server, NEXT), await start(server, LAST)]).toEqual([1, 1]);
    await pass(server);
    expect([await start(server, NEXT), await start(server, OLD)]).toEqual([2, TOO_NEW]);
    // The one that was refused holds up no other.
    await pass(server);
    expect([await start(server, LAST), await start(server, NEXT)]).toEqual([3, TOO_NEW]);
    expect(await start(server, { oldest: 4, newest: 4, holdMs: HOLD_MS })).toContain('too old for this one');
  });

  test('waits for its time also if the engine’s clock was put back, or the time is damaged', async () => {
    const server = await EngineServer.start({ program });
    await start(server, NEXT);
    for (const held of ['9'.repeat(15), 'never']) {
      await server.command('HSET', 'mp', 'hold', held);
      expect(await start(server, NEXT)).toBe(1);
      await pass(server);
      expect(await start(server, OLD)).toBe(1);
      expect(Number(await server.command('HGET', 'mp', 'hold'))).toBeLessThan(Date.now() + 2 * HOLD_MS);
    }
  });

  test('is kept by the servers when the engine is emptied', async () => {
    const server = await EngineServer.start({ program });
    await start(server, NEXT);
    await pass(server);
    const engine = await openEngine(server.address(), {
      timing: { ...TEST_TIMING, heartbeatMs: 20 },
      forms: NEXT,
    });
    expect(engine.form).toBe(2);
    const { epoch } = engine;
    await server.command('FLUSHALL');
    await expect.poll(() => engine.isUp && !engine.epoch.equals(epoch)).toBe(true);
    expect([engine.form, await server.command('HGET', 'mp', 'form')]).toEqual([2, '2']);
  });
});

describeEngine('a server that runs when a newer form begins', () => {
  test('does without the engine, and says why', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address(), { timing: { ...TEST_TIMING, heartbeatMs: 20 } });
    await server.command('HSET', 'mp', 'form', 2);
    await expect.poll(() => engine.problem).toBe(TOO_NEW);
  });
});

describeEngine('a fleet whose servers are all of a version with another form', () => {
  test('writes it, reads what is older, and lets no server of the older version in', async () => {
    const [fleet, version] = await Promise.all([fleetOfPrograms({ servers: 1 }), nextVersion()]);
    const { engine, environment, join, servers } = fleet;
    await registerAll(fleet, 1);
    await join(version);
    const [old] = servers.splice(0, 1);
    old?.program.kill('SIGTERM');
    expect(await old?.program.exited).toBe(0);
    await engine.command('HSET', 'mp', 'hold', 1);
    await expect.poll(() => engine.command('HGET', 'mp', 'form')).toBe('2');
    const isNew = async (): Promise<boolean> => (await engine.dump()).includes('form2');
    await expect.poll(async () => (await registerAll(fleet, 2), isNew())).toBe(true);
    for (const event of eventsFor(2)) servers[0]?.ownRelay.broadcast(event);
    await allWoken(fleet, 2);
    expect(countsOf(fleet, 2)).toEqual([1, 1]);
    const { code, stdout, stderr } = await outcome([], environment);
    expect([code, stdout + stderr]).toEqual([78, expect.stringContaining(TOO_NEW)]);
  });
});

describeEngine('a marker that was damaged', () => {
  test.each([
    ['by another type', ['SET', 'mp', 'text']],
    ['in its form', ['HSET', 'mp', 'form', 'none']],
    ['in its check', ['HSET', 'mp', 'check', 'none']],
    ['and has no check', ['HDEL', 'mp', 'check']],
    ['and has no form', ['HDEL', 'mp', 'form']],
  ])(
    '%s is written again by a server that runs, and no data is lost for it',
    async (_how, [command = '', ...args]) => {
      const server = await EngineServer.start();
      const engine = await openEngine(server.address(), { timing: { ...TEST_TIMING, heartbeatMs: 20 } });
      const { epoch } = engine;
      const marker = async (): Promise<unknown[]> =>
        (await server.commandBuffer('HMGET', 'mp', 'check', 'form', 'epoch')) as unknown[];
      const before = await marker();
      await server.command(command, ...args);
      await expect.poll(() => marker().catch(() => [])).toEqual(before);
      await expect.poll(() => engine.isUp).toBe(true);
      expect(engine.epoch).toEqual(epoch);
    },
  );
});
