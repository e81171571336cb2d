import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { keep } from '../support/keep.ts';
import { post } from '../support/http.ts';
import { outcome, serve } from '../support/program.ts';
import { untilMetric } from '../support/scene.ts';
import { key, total } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const endpoint = (n: number): string => `https://push.example.com/up${n}-0123456789`;

interface Api {
  readonly apiUrl: string;
}

async function register({ apiUrl }: Api, n: number, token = endpoint(n)): Promise<void> {
  const body = { trade_pubkey: key(n), token, platform: 'android' };
  expect(await post(`${apiUrl}/api/register`, body)).toMatchObject({ status: 200 });
}

const file = (directory: string): string => join(directory, 'data', 'unifiedpush_endpoints.json');

test('data/unifiedpush_endpoints.json is written after a registration, is JSON, and changes when the registration ends', async () => {
  const directory = await tempDirectory();
  const running = await serve({}, directory);
  await register(running, 1);
  const registered = await readFile(file(directory), 'utf8');
  JSON.parse(registered);
  expect((await stat(file(directory))).mode & 0o777).toBe(0o600);
  expect(registered).not.toMatch(/push\.example|0123456789-|https/);
  await post(`${running.apiUrl}/api/unregister`, { trade_pubkey: key(1) });
  const unregistered = await readFile(file(directory), 'utf8');
  JSON.parse(unregistered);
  expect(unregistered).not.toBe(registered);
});

test('data/unifiedpush_endpoints.json restores endpoints, and no FCM token, after a kill', async () => {
  const directory = await tempDirectory();
  const first = await serve({}, directory);
  for (let n = 1; n <= 5; n++) await register(first, n);
  await register(first, 6, 'an-fcm-token-of-a-phone');
  await post(`${first.apiUrl}/api/unregister`, { trade_pubkey: key(1) });
  first.program.kill('SIGKILL');
  await first.program.exited;
  const second = await serve({}, directory);
  expect(await total(second)).toBe(4);
});

test('data/unifiedpush_endpoints.json loses a key that has moved to FCM', async () => {
  const directory = await tempDirectory();
  const first = await serve({}, directory);
  await register(first, 1);
  await register(first, 1, 'an-fcm-token-of-a-phone');
  first.program.kill('SIGKILL');
  await first.program.exited;
  expect(await total(await serve({}, directory))).toBe(0);
});

test('data/unifiedpush_endpoints.json is not created for FCM registrations', async () => {
  const directory = await tempDirectory();
  await register(await serve({}, directory), 1, 'an-fcm-token-of-a-phone');
  expect(await readdir(join(directory, 'data'))).toEqual(['server.key']);
});

test('a damaged data/unifiedpush_endpoints.json stops the start and stays unchanged', async () => {
  const directory = await tempDirectory();
  const running = await serve({}, directory);
  for (let n = 1; n <= 3; n++) await register(running, n);
  running.program.kill('SIGTERM');
  await running.program.exited;
  const text = await readFile(file(directory), 'utf8');
  const damaged = text.replace(/\n"(.{50})./, '\n"$1!');
  await writeFile(file(directory), damaged);
  const { code, stderr } = await outcome([], { SERVER_PORT: '0', ADMIN_PORT: '0' }, directory);
  expect(code).toBe(1);
  expect(stderr).toMatch(/unifiedpush_endpoints\.json is damaged at byte \d+\. Put a backup in its place/);
  expect(await readFile(file(directory), 'utf8')).toBe(damaged);
});

test('the data/unifiedpush_endpoints.json of the Rust server is taken over, and nothing readable of it stays', async () => {
  const directory = await tempDirectory();
  await serveOnce(directory);
  await writeFile(file(directory), incumbent([key(1), key(2)]));
  const running = await serve({}, directory);
  expect(await total(running)).toBe(2);
  expect(running.program.output()).toMatch(/"count":2,"msg":"store.imported"/);
  expect(await readFile(file(directory), 'utf8')).not.toContain('push.example');
  expect((await readdir(join(directory, 'data'))).filter((name) => name.includes('incumbent'))).toEqual([]);
});

test('the data/unifiedpush_endpoints.json of the Rust server is set aside if a name in it is no trade key', async () => {
  const directory = await tempDirectory();
  await serveOnce(directory);
  const text = incumbent([key(1), 'test-device-123']);
  await writeFile(file(directory), text);
  const running = await serve({}, directory);
  expect(await total(running)).toBe(1);
  expect(running.program.output()).toMatch(/"count":1,"msg":"store.set_aside"/);
  expect(await readFile(`${file(directory)}.incumbent`, 'utf8')).toBe(text);
});

test('a data/unifiedpush_endpoints.json of neither server stops the start and stays unchanged', async () => {
  const directory = await tempDirectory();
  await serveOnce(directory);
  await writeFile(file(directory), '{"some":"thing"}');
  const { code, stderr } = await outcome([], { SERVER_PORT: '0', ADMIN_PORT: '0' }, directory);
  expect(code).toBe(1);
  expect(stderr).toMatch(/unifiedpush_endpoints\.json holds neither .* move it away/);
  expect(await readFile(file(directory), 'utf8')).toBe('{"some":"thing"}');
});

test('data/unifiedpush_endpoints.json moves into the store of STORE=file', async () => {
  const directory = await tempDirectory();
  const first = await serve({}, directory);
  for (let n = 1; n <= 3; n++) await register(first, n);
  first.program.kill('SIGTERM');
  await first.program.exited;
  const second = await serve({ STORE: 'file' }, directory);
  expect(await total(second)).toBe(3);
  expect(await readdir(join(directory, 'data'))).toEqual(['server.key', 'store.json', 'store.lock']);
  second.program.kill('SIGTERM');
  await second.program.exited;
  const third = await serve({}, directory);
  expect(third.program.output()).toMatch(/STORE=memory leaves .*store\.json unread/);
});

test('an endpoint that survived a restart is woken for an event that was published meanwhile', async () => {
  const relay = keep(await RelayStandIn.start());
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  const DATA_DIR = await tempDirectory();
  const first = keep(await startTestServer({ relays: [relay], environment: { DATA_DIR } }));
  await register(first, 1, unifiedPush.endpoint('alice'));
  await first.stop();
  relay.store(eventFor([key(1)], { kind: 14 }));
  const second = keep(await startTestServer({ relays: [relay], environment: { DATA_DIR } }));
  await unifiedPush.pushes.atLeast(1);
  await untilMetric(second, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
  expect(unifiedPush.pushes.count).toBe(1);
});

async function serveOnce(directory: string): Promise<void> {
  const { program } = await serve({}, directory);
  program.kill('SIGTERM');
  await program.exited;
}

/** The file of the Rust server, with these devices. */
function incumbent(names: readonly string[]): string {
  const registered_at = new Date().toISOString().replace('Z', '123456Z');
  const devices = names.map((name, n) => [
    name,
    { device_id: name, endpoint_url: endpoint(n), registered_at },
  ]);
  return JSON.stringify(Object.fromEntries(devices), undefined, 2);
}
