import { expect, test } from 'vitest';

import { EngineUnavailable, type Script } from '../../src/fleet/engine/engine.ts';
import { openEngine, OUTAGE_TIMING, TEST_TIMING } from '../support/fleet-engine.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const ECHO: Script = { name: 'echo', lua: 'return ARGV[1]' };

describeEngine('an engine that fails', () => {
  test('that stands still fails the first command that it leaves unanswered, then every command at once, and is up again when it moves', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address(), { timing: OUTAGE_TIMING });
    const states: string[] = [];
    engine.onDown(() => states.push(`down: ${engine.problem}`));
    engine.onUp(() => states.push('up'));
    server.freeze();
    const failure: unknown = await engine.call('PING').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineUnavailable);
    expect(failure).toMatchObject({ message: 'it does not answer in time', wasSent: true });
    expect(engine.isUp).toBe(false);
    await expect(engine.call('PING')).rejects.toMatchObject({ name: 'EngineUnavailable', wasSent: false });
    await expect(engine.run(ECHO, ['a'], ['b'])).rejects.toBeInstanceOf(EngineUnavailable);
    server.thaw();
    await expect.poll(() => engine.isUp).toBe(true);
    expect([states[0], states.at(-1)]).toEqual(['down: it does not answer in time', 'up']);
  });

  test('that stands still while nothing is asked is found out by the heartbeat', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address(), { timing: OUTAGE_TIMING });
    server.freeze();
    await expect.poll(() => engine.isUp).toBe(false);
    server.thaw();
    await expect.poll(() => engine.isUp).toBe(true);
  });

  test('gets the commands of a listener before all others when it is up again', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address());
    engine.onUp(() => void engine.call('RPUSH', 'list', 'listener'));
    const down = new Promise<void>((resolve) => engine.onDown(resolve));
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await down;
    await expect
      .poll(
        () =>
          engine.call('RPUSH', 'list', 'other').then(
            () => true,
            () => false,
          ),
        { interval: 0 },
      )
      .toBe(true);
    expect(String((await engine.call('LINDEX', 'list', 0)) as Buffer)).toBe('listener');
  });

  test('that is killed and comes back empty is up again with another epoch', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address());
    const { epoch } = engine;
    const unanswered = engine.call('BLPOP', 'nothing', 0).catch((error: unknown) => error);
    await expect.poll(() => server.command('INFO', 'clients')).toContain('blocked_clients:1');
    await server.kill();
    expect(await unanswered).toMatchObject({ name: 'EngineUnavailable', wasSent: true });
    expect(engine.isUp).toBe(false);
    await server.runEmpty();
    await expect.poll(() => engine.isUp).toBe(true);
    expect(engine.epoch).toHaveLength(16);
    expect(engine.epoch).not.toEqual(epoch);
  });

  test('that comes back with its data has the epoch from before, and its streams are read on', async () => {
    const server = await EngineServer.start({ appendOnly: true, lines: ['appendfsync always'] });
    const engine = await openEngine(server.address());
    const { epoch } = engine;
    const seen: string[] = [];
    const abort = new AbortController();
    let after = '0';
    const tail = engine.tail(
      () => [{ key: 'log', after }],
      (_, entries) => {
        for (const { id, fields } of entries) {
          after = id;
          seen.push(String(fields[1]));
        }
      },
      abort.signal,
    );
    await engine.call('XADD', 'log', '*', 'f', 'before');
    await expect.poll(() => seen).toEqual(['before']);
    await server.kill();
    await server.run();
    await expect.poll(() => engine.isUp).toBe(true);
    await engine.call('XADD', 'log', '*', 'f', 'after');
    await expect.poll(() => seen).toEqual(['before', 'after']);
    expect(engine.epoch).toEqual(epoch);
    abort.abort();
    await tail;
  });

  test('that lets the user read its streams no more goes down and says so, until it does', async () => {
    const server = await EngineServer.start({ lines: ['user alice on >p ~* +@all'] });
    const engine = await openEngine(server.address({ user: 'alice', password: 'p' }));
    const abort = new AbortController();
    const seen: unknown[] = [];
    const tail = engine.tail(
      () => [{ key: 'log', after: '0' }],
      (_, entries) => void seen.push(...entries),
      abort.signal,
    );
    await server.command('ACL', 'SETUSER', 'alice', '-xread');
    await expect.poll(() => engine.problem).toBe('its ACL does not let the user run XREAD');
    expect(engine.isUp).toBe(false);
    await server.command('ACL', 'SETUSER', 'alice', '+xread');
    await expect.poll(() => engine.isUp).toBe(true);
    await engine.call('XADD', 'log', '*', 'f', 'after');
    await expect.poll(() => seen).not.toEqual([]);
    abort.abort();
    await tail;
  });

  test('that was emptied while it was up goes down for a moment and has another epoch', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address());
    const { epoch } = engine;
    const problems: unknown[] = [];
    engine.onDown(() => problems.push(engine.problem));
    await server.command('FLUSHALL');
    await expect.poll(() => engine.epoch.equals(epoch)).toBe(false);
    expect(engine.isUp).toBe(true);
    expect(problems).toEqual(['it has lost its data']);
  });
});

describeEngine('the way to the engine', () => {
  test('that is cut fails what is unanswered, and is taken again', async () => {
    const server = await EngineServer.start();
    const proxy = await TcpProxy.start(server.port);
    const engine = await openEngine(server.address({ port: proxy.port }));
    const unanswered = engine.call('BLPOP', 'nothing', 0).catch((error: unknown) => error);
    await expect.poll(() => server.command('INFO', 'clients')).toContain('blocked_clients:1');
    proxy.cut();
    expect(await unanswered).toMatchObject({ name: 'EngineUnavailable', wasSent: true });
    await expect.poll(() => engine.isUp).toBe(true);
    proxy.refuse();
    await expect.poll(() => engine.isUp).toBe(false);
    proxy.restore();
    await expect.poll(() => engine.isUp).toBe(true);
  });

  test('that is dead without a word is found out, and left for a new one', async () => {
    const server = await EngineServer.start();
    const proxy = await TcpProxy.start(server.port);
    const engine = await openEngine(server.address({ port: proxy.port }), { timing: OUTAGE_TIMING });
    proxy.hold();
    await expect(engine.call('PING')).rejects.toBeInstanceOf(EngineUnavailable);
    await expect.poll(() => engine.problem).toBe('it does not answer in time');
    proxy.restore();
    await expect.poll(() => engine.isUp).toBe(true);
    // No connection was left behind.
    await expect.poll(() => proxy.connections).toBe(2);
  });

  test('that is slower than an answer may be keeps the engine down, and does not bring it up again and again', async () => {
    const server = await EngineServer.start();
    const proxy = await TcpProxy.start(server.port);
    const engine = await openEngine(server.address({ port: proxy.port }), {
      timing: { ...OUTAGE_TIMING, heartbeatMs: 100 },
    });
    let ups = 0;
    engine.onUp(() => (ups += 1));
    proxy.delay(OUTAGE_TIMING.answerLimitMs);
    await expect.poll(() => engine.isUp).toBe(false);
    const { total } = await connectionsOf(server);
    await expect.poll(async () => (await connectionsOf(server)).total).toBeGreaterThan(total + 1);
    expect(ups).toBe(0);
    proxy.restore();
    await expect.poll(() => engine.isUp).toBe(true);
  });

  test('takes so many commands at once, refuses those beyond, and stays open although its heartbeat was among them', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address(), { timing: { ...TEST_TIMING, heartbeatMs: 1 } });
    let downs = 0;
    engine.onDown(() => (downs += 1));
    const given = Array.from({ length: 70_000 }, () => engine.call('PING'));
    // So that heartbeats are due while nothing is taken.
    const until = performance.now() + 20;
    while (performance.now() < until);
    const refused = (await Promise.allSettled(given)).filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(70_000 - 65_536);
    expect(refused[0]).toMatchObject({ reason: { message: 'it has too much to do', wasSent: false } });
    expect(downs).toBe(0);
  });

  test('carries much data on a line of its own, which holds up no command', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address());
    await server.command('SETRANGE', 'large', 5_000_000, 'x');
    const line = await engine.openLine();
    const large = Array.from({ length: 4 }, () => line.call('GET', 'large'));
    expect(await engine.call('PING')).toEqual(Buffer.from('PONG'));
    for (const answer of large) expect(((await answer) as Buffer).length).toBe(5_000_001);
    const unanswered = line.call('BLPOP', 'nothing', 0);
    line.close();
    await expect(unanswered).rejects.toBeInstanceOf(EngineUnavailable);
    expect(engine.isUp).toBe(true);
  });

  test('is left on a line that brings nothing more, which is no outage', async () => {
    const server = await EngineServer.start();
    const engine = await openEngine(server.address(), { timing: { ...TEST_TIMING, silenceLimitMs: 100 } });
    await server.command('SET', 'key', 'value');
    const line = await engine.openLine();
    const answered = line.call('GET', 'key');
    const unanswered = line.call('BLPOP', 'nothing', 0).catch((error: unknown) => error);
    expect(await answered).toEqual(Buffer.from('value'));
    expect(await unanswered).toMatchObject({ message: 'it does not answer in time', wasSent: true });
    expect(engine.isUp).toBe(true);
  });
});

async function connectionsOf(server: EngineServer): Promise<{ total: number }> {
  const info = String(await server.command('INFO', 'stats'));
  return { total: Number(/total_connections_received:(\d+)/.exec(info)?.[1]) };
}
