import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Phone } from '../../stand-ins/phone.ts';
import { sealToken } from '../../stand-ins/sealed-token.ts';
import { call, post } from '../support/http.ts';
import { outcome, serve } from '../support/program.ts';
import { directoryWithStore, FILE, total } from '../support/stored-program.ts';

const [OLD, NEW] = ['11'.repeat(32), '22'.repeat(32)];

test('another server key stops the start with exit code 78 and a sentence, and changes nothing', async () => {
  const directory = await directoryWithStore({ ...FILE, SERVER_PRIVATE_KEY: OLD });
  const before = await readFile(join(directory, 'data', 'store.json'));
  const { code, stderr } = await outcome([], { ...FILE, SERVER_PRIVATE_KEY: NEW }, directory);
  expect(code).toBe(78);
  expect(stderr).toMatch(/store\.json was sealed with another server key.*SERVER_PRIVATE_KEY_PREVIOUS/);
  // So does a key that the start makes for itself.
  expect((await outcome([], FILE, directory)).code).toBe(78);
  expect(await readdir(join(directory, 'data'))).not.toContain('server.key');
  expect(await readFile(join(directory, 'data', 'store.json'))).toEqual(before);
});

test('a new server key with the previous one opens and reseals the store, and is enough from then on', async () => {
  const directory = await directoryWithStore({ ...FILE, SERVER_PRIVATE_KEY: OLD });
  const both = { ...FILE, SERVER_PRIVATE_KEY: NEW, SERVER_PRIVATE_KEY_PREVIOUS: OLD };
  const running = await serve(both, directory);
  expect(await total(running)).toBe(2);
  expect(running.program.output()).toContain('store.resealed');
  running.program.kill('SIGKILL');
  await running.program.exited;
  expect(await total(await serve({ ...FILE, SERVER_PRIVATE_KEY: NEW }, directory))).toBe(2);
});

test('a new server key with the previous one opens tokens that are sealed to the previous one', async () => {
  const old = await serve({ SERVER_PRIVATE_KEY: OLD });
  const { server_pubkey: serverPubkey } = JSON.parse((await call(`${old.apiUrl}/api/info`)).text) as {
    server_pubkey: string;
  };
  const phone = new Phone({ name: 'alice', serverUrl: old.apiUrl, kind: 'ios' });
  const encrypted_token = sealToken({ serverPubkey, platform: 'ios', token: phone.token });
  const body = { trade_pubkey: phone.tradePubkey, encrypted_token };
  const fresh = await serve({ SERVER_PRIVATE_KEY: NEW });
  expect(await post(`${fresh.apiUrl}/api/register`, body)).toMatchObject({ status: 400 });
  const both = await serve({ SERVER_PRIVATE_KEY: NEW, SERVER_PRIVATE_KEY_PREVIOUS: OLD });
  expect(await post(`${both.apiUrl}/api/register`, body)).toMatchObject({ status: 200 });
});

test.each(['33', '0'.repeat(64), 'f'.repeat(64)])(
  'a previous server key that is invalid (%s) stops the start with exit code 78',
  async (written) => {
    const { code, stderr } = await outcome([], { SERVER_PRIVATE_KEY_PREVIOUS: written });
    expect(code).toBe(78);
    expect(stderr).toContain('SERVER_PRIVATE_KEY_PREVIOUS: expected');
  },
);
