import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { httpAuth } from '../../stand-ins/http-auth.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import { FleetNames } from '../../src/fleet/engine/names.ts';
import { fleetEnvironment, FLEET_KEY, FLEET_URL, servePair } from '../support/fleet-programs.ts';
import { call, post, type HttpAnswer } from '../support/http.ts';
import { ALONE, outcome, serve, type RunningProgram } from '../support/program.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { foundIn } from '../support/spellings.ts';
import { key, register, total } from '../support/stored-program.ts';

const SECRET = generateSecretKey();
const KEY = getPublicKey(SECRET);
const UNAVAILABLE = { status: 503, body: { success: false, message: 'Registration store unavailable' } };

const NAMES = new FleetNames(new Secret(Buffer.from(FLEET_KEY, 'hex')));

/** The commands that an engine got, as the bytes that they were. */
function bytesOf(monitored: readonly (readonly string[])[]): Buffer {
  const text = monitored.flat().join('\n');
  const raw = text.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCodePoint(parseInt(digits, 16)),
  );
  return Buffer.from(raw, 'latin1');
}

/** A request that the key has signed. */
function signed(path: string, body: object): { path: string; init: RequestInit } {
  const text = JSON.stringify(body);
  const authorization = httpAuth(SECRET, { url: `${FLEET_URL}${path}`, body: text });
  const headers = { 'content-type': 'application/json', authorization };
  return { path, init: { method: 'POST', headers, body: text } };
}

function unregister({ apiUrl }: RunningProgram, n: number): ReturnType<typeof post> {
  return post(`${apiUrl}/api/unregister`, { trade_pubkey: key(n) });
}

function send({ apiUrl }: RunningProgram, { init, path }: ReturnType<typeof signed>): Promise<HttpAnswer> {
  return call(`${apiUrl}${path}`, init as Parameters<typeof call>[1]);
}

describeEngine('two servers with one engine', () => {
  test('share registrations, removals, owners and used signatures, and nothing of it can be read in the engine', async () => {
    const engine = await EngineServer.start({ appendOnly: true });
    const monitored = await engine.monitor();
    const [a, b] = await servePair(engine);
    expect(await register(a, 1)).toMatchObject({ status: 200 });
    await expect.poll(() => total(b)).toBe(1);
    const subscription = { endpoint: 'https://push.services.example/wpush/v2/gAAAAABkey' };
    const endpoint = { trade_pubkey: key(2), token: subscription.endpoint, platform: 'android' };
    expect(await post(`${b.apiUrl}/api/register`, endpoint)).toMatchObject({ status: 200 });
    await expect.poll(() => total(a)).toBe(2);
    // Owned at the one, and then refused at the other, whatever it answers.
    const mine = signed('/api/register', { trade_pubkey: KEY, token: 'token-of-the-owner', platform: 'ios' });
    expect(await send(a, mine)).toMatchObject({ status: 200 });
    expect(await send(b, mine)).toMatchObject({ status: 401 });
    await post(`${b.apiUrl}/api/unregister`, { trade_pubkey: KEY });
    expect(await total(b)).toBe(3);
    const removed = await unregister(b, 1);
    expect(removed.body).toMatchObject({ message: 'Token unregistered successfully' });
    await expect.poll(() => total(a)).toBe(2);
    const said = [await engine.dump(), await engine.appended(), bytesOf(monitored)];
    for (const bytes of said) expect(bytes.includes(NAMES.prefix)).toBe(true);
    const secrets = [key(2), KEY, 'token-of-device-1', 'token-of-the-owner', subscription.endpoint];
    expect(foundIn(Buffer.concat(said), [...secrets, 'push.services.example', '127.0.0.1:9'])).toEqual([]);
  });

  test('take no registration while the engine is gone, and have all of them, and the signatures that were used, when it is back empty', async () => {
    const engine = await EngineServer.start();
    const [a, b] = await servePair(engine);
    const mine = signed('/api/register', { trade_pubkey: KEY, token: 'token-of-the-owner', platform: 'ios' });
    expect(await send(a, mine)).toMatchObject({ status: 200 });
    for (const n of [1, 2, 3]) await register(a, n);
    await expect.poll(() => total(b)).toBe(4);
    await engine.kill();
    await expect.poll(() => register(a, 4)).toMatchObject(UNAVAILABLE);
    await expect.poll(() => unregister(b, 1)).toMatchObject(UNAVAILABLE);
    // Another server may have registered it just before.
    expect(await unregister(b, 4)).toMatchObject(UNAVAILABLE);
    expect(await total(a)).toBe(4);
    await engine.runEmpty();
    await expect.poll(() => register(b, 4)).toMatchObject({ status: 200 });
    await expect.poll(() => total(a)).toBe(5);
    expect(await send(b, mine)).toMatchObject({ status: 401 });
    a.program.kill('SIGTERM');
    expect(await a.program.exited).toBe(0);
    const c = await serve(fleetEnvironment(engine));
    expect(await total(c)).toBe(5);
  });
});

describeEngine('a server whose engine', () => {
  test('is not there yet answers that its store is unavailable, and stops when it is told to, and serves as soon as the engine is there', async () => {
    const engine = await EngineServer.start();
    await engine.kill();
    const a = await serve(fleetEnvironment(engine));
    expect(await register(a, 1)).toMatchObject(UNAVAILABLE);
    expect(await unregister(a, 1)).toMatchObject(UNAVAILABLE);
    const ready = await call(`${a.adminUrl}/health/ready`);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.text)).toMatchObject({
      reasons: expect.arrayContaining(['registration store unreachable: nothing listens at its port']),
    });
    const stopped = await serve(fleetEnvironment(engine));
    stopped.program.kill('SIGTERM');
    expect(await stopped.program.exited).toBe(0);
    await engine.run();
    await expect.poll(() => register(a, 1)).toMatchObject({ status: 200 });
  });

  test('belongs to another server key does not start, and says so', async () => {
    const engine = await EngineServer.start();
    await serve(fleetEnvironment(engine));
    const other = { ...ALONE, ...fleetEnvironment(engine), SERVER_PRIVATE_KEY: '6f'.repeat(32) };
    const { code, stderr } = await outcome([], other);
    expect(code).toBe(78);
    expect(stderr).toContain('belongs to servers with another server key');
  });
});
