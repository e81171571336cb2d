import { expect, test } from 'vitest';

import { EngineUnavailable, ScriptError, type Script } from '../../src/fleet/engine/engine.ts';
import { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { fleetNames, openEngine, TEST_TIMING } from '../support/fleet-engine.ts';
import { keep } from '../support/keep.ts';
import { describeEngines, EngineServer } from '../support/redis-engine.ts';

const ECHO: Script = { name: 'echo', lua: 'return {KEYS[1], ARGV[1], 7, false}' };
const APPEND: Script = { name: 'append', lua: "return redis.call('RPUSH', KEYS[1], ARGV[1])" };

describeEngines('the engine', (program) => {
  test('answers commands and scripts with bytes, numbers, nothing and lists', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address({ database: 3 }));
    expect(engine.isUp).toBe(true);
    expect(engine.problem).toBeUndefined();
    const bytes = Buffer.from([0, 255, 13, 10]);
    expect(await engine.call('SET', bytes, 'text')).toEqual(Buffer.from('OK'));
    expect(await engine.call('GET', bytes)).toEqual(Buffer.from('text'));
    expect(await engine.call('GET', 'missing')).toBeNull();
    expect(await engine.call('HSET', 'hash', 'a', 1, 'b', bytes)).toBe(2);
    expect(await engine.call('HGETALL', 'hash')).toEqual([
      Buffer.from('a'),
      Buffer.from('1'),
      Buffer.from('b'),
      bytes,
    ]);
    expect(await engine.run(ECHO, [bytes], ['argument'])).toEqual([bytes, Buffer.from('argument'), 7, null]);
    // All of it is in the database that the URL names.
    await server.command('SELECT', 3);
    expect(await server.command('EXISTS', 'hash', 'mp')).toBe(2);
  });

  test('is Redis or Valkey of a known version', async () => {
    const server = await EngineServer.start({ program });
    const { facts } = await openEngine(server.address());
    expect(facts).toMatchObject({
      software: program === 'redis' ? 'Redis' : 'Valkey',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      maxmemoryPolicy: 'noeviction',
    });
  });

  test('runs commands in the order in which they were given, whatever batches they are in', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address());
    const numbers = Array.from({ length: 2000 }, (_, number) => String(number));
    const given = numbers.slice(0, 700).map((number) => engine.call('RPUSH', 'list', number));
    // The script is known from the first answer on.
    await engine.run(APPEND, ['list'], ['700']);
    for (const number of numbers.slice(701)) {
      given.push(engine.run(APPEND, ['list'], [number]));
      if (Number(number) % 333 === 0) await given.at(-1);
    }
    await Promise.all(given);
    expect(((await engine.call('LRANGE', 'list', 0, -1)) as Buffer[]).map(String)).toEqual(numbers);
  });

  test('sends many commands in few packets', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address());
    const events = async (): Promise<number> =>
      Number(/total_reads_processed:(\d+)/.exec(String(await server.command('INFO', 'stats')))?.[1]);
    const before = await events();
    await Promise.all(Array.from({ length: 1000 }, () => engine.call('PING')));
    expect((await events()) - before).toBeLessThan(50);
  });

  test('runs each script once, also after the engine has forgotten all scripts', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address());
    const append = (from: number): Promise<unknown>[] =>
      Array.from({ length: 300 }, (_, at) => engine.run(APPEND, ['list'], [String(from + at)]));
    await Promise.all(append(0));
    const pending = append(300);
    const flushed = engine.call('SCRIPT', 'FLUSH');
    pending.push(...append(600));
    await Promise.all([flushed, ...pending]);
    const members = ((await engine.call('LRANGE', 'list', 0, -1)) as Buffer[]).map(Number);
    expect(members.toSorted((a, b) => a - b)).toEqual([...Array(900).keys()]);
  });

  test('says of a failed command what kind of failure it was, and nothing of its arguments', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address());
    await engine.call('SET', 'secret-key', 'secret-value');
    const failures = await Promise.all(
      [
        engine.call('HGET', 'secret-key', 'a'),
        engine.call('NONSUCH', 'secret-argument'),
        engine.run({ name: 'bad', lua: "\nreturn redis.call('HGET', KEYS[1], 'a')" }, ['secret-key'], []),
        engine.run({ name: 'own', lua: "return redis.error_reply('STALE secret')" }, [], []),
        engine.run({ name: 'faulty', lua: "\nlocal secret = 'secret' + 1" }, [], []),
      ].map((given) => given.catch((error: unknown) => error)),
    );
    expect(failures.map((error) => (error as ScriptError).code)).toEqual([
      'WRONGTYPE',
      'ERR',
      'WRONGTYPE',
      'STALE',
      'ERR',
    ]);
    for (const error of failures) {
      expect(error).toBeInstanceOf(ScriptError);
      expect(`${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('secret');
    }
    expect((failures[4] as Error).message).toContain('line 2 of a script');
    expect(engine.isUp).toBe(true);
  });

  test('reads streams as they grow, also streams that are added later, and ends at the signal', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address());
    const places = new Map([['one', '0']]);
    const seen: string[] = [];
    const abort = new AbortController();
    const tail = engine.tail(
      () => Array.from(places, ([key, after]) => ({ key, after })),
      (key, entries) => {
        for (const { id, fields } of entries) {
          seen.push(`${key} ${fields.join(' ')}`);
          places.set(key, id);
        }
      },
      abort.signal,
    );
    const add = (key: string, value: number): Promise<unknown> => engine.call('XADD', key, '*', 'f', value);
    for (let value = 0; value < 1200; value++) void add('one', value);
    await expect.poll(() => seen.length).toBe(1200);
    expect(seen).toEqual(Array.from({ length: 1200 }, (_, value) => `one f ${value}`));
    places.set('two', '0');
    await add('two', 1);
    await expect.poll(() => seen.at(-1)).toBe('two f 1');
    // What is no stream is read again until it is one.
    await engine.call('SET', 'three', 'text');
    places.set('three', '0');
    await add('one', 1200);
    await engine.call('DEL', 'three');
    await expect.poll(() => seen.at(-1)).toBe('one f 1200');
    abort.abort();
    await tail;
  });
});

describeEngines('servers that share an engine', (program) => {
  test('find out that one of them has other settings, until it has gone or has the same', async () => {
    const server = await EngineServer.start({ program });
    const timing = { ...TEST_TIMING, heartbeatMs: 50, disagreementMs: 400 };
    const settings = { WAKE_POLICY: 'prompt', COOLDOWN_MS: '1' };
    const [one, two] = await Promise.all([
      openEngine(server.address(), { timing, settings }),
      openEngine(server.address(), { timing, settings: { ...settings, OF_A_NEWER_VERSION: '1' } }),
    ]);
    const other = await openEngine(server.address(), { timing, settings: { ...settings, COOLDOWN_MS: '2' } });
    // A command has no settings.
    const command = keep(new RedisEngine({ address: server.address(), names: fleetNames() }, timing));
    await command.open();
    const differing = (): unknown => [one, two, other, command].map(({ otherSettings }) => otherSettings);
    await expect.poll(differing).toEqual([['COOLDOWN_MS'], ['COOLDOWN_MS'], ['COOLDOWN_MS'], []]);
    await other.close();
    await expect.poll(() => [one, two].map(({ otherSettings }) => otherSettings)).toEqual([[], []]);
  });
});

describeEngines('an engine that takes no changes', (program) => {
  test('whose memory is full goes down until it has room', async () => {
    const server = await EngineServer.start({ program });
    const engine = await openEngine(server.address());
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(engine.call('SET', 'key', 'value')).rejects.toMatchObject({
      name: 'EngineUnavailable',
      message: 'its memory is full (maxmemory)',
    });
    await expect.poll(() => engine.problem).toBe('its memory is full (maxmemory)');
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await expect.poll(() => engine.isUp).toBe(true);
  });

  test('that becomes a replica goes down until it is a primary again', async () => {
    const [primary, server] = await Promise.all([
      EngineServer.start({ program }),
      EngineServer.start({ program }),
    ]);
    const engine = await openEngine(server.address());
    await server.command('REPLICAOF', '127.0.0.1', primary.port);
    await expect(engine.call('SET', 'key', 'value')).rejects.toBeInstanceOf(EngineUnavailable);
    await expect.poll(() => engine.problem).toContain('replica');
    await server.command('REPLICAOF', 'NO', 'ONE');
    await expect.poll(() => engine.isUp).toBe(true);
  });
});
