import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { EngineRefused } from '../../src/fleet/engine/engine.ts';
import { lookAtEngine } from '../../src/fleet/engine/look-at-engine.ts';
import { fleetNames, openEngine, TEST_TIMING } from '../support/fleet-engine.ts';
import { freePort } from '../support/free-port.ts';
import { describeEngine, describeEngines, EngineServer } from '../support/redis-engine.ts';

const ADDRESS = { host: '127.0.0.1', tls: false, user: undefined, password: undefined, database: 0 };

/** Why the engine at an address is refused. */
async function refusal(...given: Parameters<typeof openEngine>): Promise<string> {
  const failure: unknown = await openEngine(...given).catch((error: unknown) => error);
  if (failure instanceof EngineRefused) return failure.reason;
  throw new Error('the engine was not refused', { cause: failure });
}

/** An engine that says what the test has it say to each of the first commands. */
async function pretender(info: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      socket.write(`$${info.length}\r\n${info}\r\n+OK\r\n+OK\r\n*-1\r\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describeEngines('an engine is refused at the start', (program) => {
  test('if it refuses the password, asks for one, or has none', async () => {
    const server = await EngineServer.start({
      program,
      password: 'right',
      lines: ['user alice on >secret ~* +@all'],
    });
    expect(await refusal(server.address({ password: 'wrong' }))).toBe('it refuses the user and the password');
    expect(await refusal(server.address({ user: 'alice', password: 'wrong' }))).toBe(
      'it refuses the user and the password',
    );
    expect(await refusal({ ...server.address(), password: undefined })).toBe('it asks for a password');
    expect((await openEngine(server.address({ user: 'alice', password: 'secret' }))).isUp).toBe(true);
    const open = await EngineServer.start({ program });
    expect(await refusal(open.address({ password: 'needless' }))).toBe(
      'it has no password, and REDIS_URL has one',
    );
  });

  test('if its ACL does not let the user run a command that is needed, or at the keys', async () => {
    const { prefix } = fleetNames();
    const keys = `~mp ~${prefix}*`;
    const server = await EngineServer.start({
      program,
      lines: [
        `user enough on >p ${keys} +@all -@admin -@dangerous +info`,
        `user noinfo on >p ${keys} +@all -info`,
        `user noeval on >p ${keys} +@all -eval`,
        `user noxadd on >p ${keys} +@all -xadd`,
        `user nohget on >p ${keys} +@all -hget`,
        `user noxread on >p ${keys} +@all -xread`,
        'user nokeys on >p ~other:* +@all',
        `user nomarker on >p ~${prefix}* +@all`,
      ],
    });
    const refused = (user: string): Promise<string> => refusal(server.address({ user, password: 'p' }));
    for (const command of ['info', 'eval', 'hget', 'xadd', 'xread'])
      expect(await refused(`no${command}`)).toBe(
        `its ACL does not let the user run ${command.toUpperCase()}`,
      );
    for (const user of ['nokeys', 'nomarker'])
      expect(await refused(user)).toBe(`its ACL must let the user at the keys mp and ${prefix}*`);
    // A start that is refused does not make the database its own.
    expect(await server.command('EXISTS', 'mp')).toBe(0);
    expect((await openEngine(server.address({ user: 'enough', password: 'p' }))).isUp).toBe(true);
  });

  test('if it is part of a cluster, or has no such database', async () => {
    const cluster = await EngineServer.start({ program, lines: ['cluster-enabled yes'] });
    expect(await refusal(cluster.address())).toBe(
      'it is part of a cluster; give the address of an engine that is not',
    );
    expect(await refusal(cluster.address({ database: 1 }))).toContain('cluster');
    const server = await EngineServer.start({ program });
    expect(await refusal(server.address({ database: 16 }))).toBe('it has no database of this number');
  });

  test('if the database belongs to servers with another key, to a newer version, or to another program', async () => {
    const server = await EngineServer.start({ program });
    await openEngine(server.address());
    expect((await openEngine(server.address())).isUp).toBe(true);
    const names = fleetNames(2);
    expect(await refusal(server.address(), { names })).toBe(
      'its database 0 belongs to servers with another server key; give this server their key, or name another database in REDIS_URL',
    );
    // Another database is another fleet's.
    expect((await openEngine(server.address({ database: 1 }), { names })).isUp).toBe(true);
    await server.command('HSET', 'mp', 'form', '2');
    expect(await refusal(server.address())).toContain('was written by a newer version of this program');
    await server.command('SET', 'mp', 'text');
    expect(await refusal(server.address())).toBe('its database 0 has a key "mp" that is not of this program');
    await server.command('DEL', 'mp');
    await server.command('HSET', 'mp', 'of', 'another');
    expect(await refusal(server.address())).toBe('its database 0 has a key "mp" that is not of this program');
    expect(await server.command('HGETALL', 'mp')).toEqual(['of', 'another']);
    await expect(lookAtEngine(server.address(), fleetNames())).rejects.toThrow('not of this program');
  });

  test('not if it throws keys away when its memory is full: that is an alarm', async () => {
    const server = await EngineServer.start({ program, lines: ['maxmemory-policy allkeys-lru'] });
    expect((await openEngine(server.address())).facts?.maxmemoryPolicy).toBe('allkeys-lru');
  });
});

describeEngine('an engine is dialled again', () => {
  test('if nothing listens yet', async () => {
    const port = await freePort();
    const engine = await openEngine({ ...ADDRESS, port });
    expect([engine.isUp, engine.problem]).toEqual([false, 'nothing listens at its port']);
    const server = await EngineServer.start({ port });
    await expect.poll(() => engine.isUp).toBe(true);
    expect(server.port).toBe(port);
  });

  test('if it is a replica, which may become the primary', async () => {
    const primary = await EngineServer.start();
    const replica = await EngineServer.start({ replicaOf: primary });
    const engine = await openEngine(replica.address());
    await expect.poll(() => engine.problem).toBe('it is a replica, which takes no changes');
    await replica.command('REPLICAOF', 'NO', 'ONE');
    await expect.poll(() => engine.isUp).toBe(true);
  });

  test('if its name is not in the DNS', async () => {
    const engine = await openEngine({ ...ADDRESS, host: 'no-such-host.invalid', port: 6379 });
    expect(engine.problem).toMatch(/^(?:there is no such name in the DNS|the DNS does not answer)$/);
  });

  test('until it is closed', async () => {
    const engine = await openEngine({ ...ADDRESS, port: await freePort() });
    await engine.close();
    expect([engine.isUp, engine.problem]).toEqual([false, 'it was closed']);
    await expect(engine.call('PING')).rejects.toMatchObject({ message: 'it was closed' });
  });
});

describeEngine('an engine with TLS', () => {
  test('needs a certificate of a known authority, and rediss', async () => {
    const server = await EngineServer.start({ tls: true });
    expect(await refusal(server.address())).toBe(
      'no authority that this machine knows has signed its certificate; name the file of its authority in NODE_EXTRA_CA_CERTS, which is read from the environment and not from .env',
    );
    // A proxy that has no engine at this moment cuts the connection off, too.
    expect((await openEngine({ ...server.address(), tls: false })).problem).toBe(
      'it cut the connection off; an engine with TLS is at rediss://',
    );
    const plain = await EngineServer.start();
    const timing = { ...TEST_TIMING, dialLimitMs: 200 };
    expect((await openEngine({ ...plain.address(), tls: true }, { timing })).problem).toBe(
      'it does not answer; an engine without TLS is at redis://',
    );
  });
});

test.each([
  ['redis_version:6.2.14', 'it is Redis 6.2.14; Redis 7.0 or Valkey 7.2 is the oldest that works'],
  [
    'redis_version:7.2.4\r\nvalkey_version:7.1.0',
    'it is Valkey 7.1.0; Redis 7.0 or Valkey 7.2 is the oldest that works',
  ],
  ['something:else', 'it is Redis of no known version; Redis 7.0 or Valkey 7.2 is the oldest that works'],
  [
    'redis_version:7.0.0\r\nredis_mode:cluster',
    'it is part of a cluster; give the address of an engine that is not',
  ],
])('an engine that says %j of itself is refused', async (info, message) => {
  const port = await pretender(`# Server\r\n${info}\r\n`);
  expect(await refusal({ ...ADDRESS, port })).toBe(message);
});

test.each([
  ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['an engine in protected mode', '-DENIED Redis is running in protected mode\r\n'],
])('%s is refused', async (_, answer) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end(answer));
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await refusal({ ...ADDRESS, port })).toMatch(/protected mode|neither Redis nor Valkey/);
});
