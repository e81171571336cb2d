import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expect, test } from 'vitest';

import { outcome } from '../support/program.ts';
import { apiServer } from '../support/api-server.ts';
import { vapidKeyOf } from '../support/vapid-key-of.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const manifest = new URL('../../package.json', import.meta.url);

test.each(['--help', '-h'])('mostro-push %s prints how to use it', async (flag) => {
  const { code, stdout, stderr } = await outcome([flag]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const word of ['Usage: mostro-push', 'keygen', '--check-config', '--version', '--help'])
    expect(stdout).toContain(word);
});

test.each(['--version', '-v'])(
  'mostro-push %s prints the version of package.json, and the commit of the build',
  async (flag) => {
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    const commit = (await readFile(new URL('../../dist/commit', import.meta.url), 'utf8')).trim();
    const named = commit === '' ? version : `${version} (${commit})`;
    expect(await outcome([flag])).toMatchObject({ code: 0, stdout: `${named}\n`, stderr: '' });
  },
);

test.each([
  [['--nonsense']],
  [['nonsense']],
  [['keygen', 'twice']],
  [['--help', '--version']],
  [['--check-config=yes']],
  [['-x']],
])('mostro-push %j is a mistake: 64, with the usage on standard error', async (args) => {
  const { code, stdout, stderr, directory } = await outcome(args);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain('Usage: mostro-push');
  expect(await readdir(directory)).toEqual([]);
});

test('mostro-push keygen prints a new valid key each time, with its public key, and makes no file', async () => {
  const keys = new Set<string>();
  for (let n = 0; n < 3; n++) {
    const { code, stdout, directory } = await outcome(['keygen']);
    expect(code).toBe(0);
    const key = /^SERVER_PRIVATE_KEY=([0-9a-f]{64})$/m.exec(stdout)?.[1] ?? '';
    const publicKey = secp256k1.getPublicKey(Buffer.from(key, 'hex'), true);
    expect(stdout).toContain(`# public key ${Buffer.from(publicKey).toString('hex')}\n`);
    expect(await readdir(directory)).toEqual([]);
    keys.add(key);
  }
  expect(keys.size).toBe(3);
});

test('mostro-push keygen prints what .env takes', async () => {
  const { stdout } = await outcome(['keygen']);
  const directory = await tempDirectory();
  await writeFile(join(directory, '.env'), stdout);
  const checked = await outcome(['--check-config'], {}, directory);
  expect(checked.code).toBe(0);
  expect(checked.stdout).toContain(`Public key: ${/public key (\w+)/.exec(stdout)?.[1]}`);
  expect(checked.stdout).not.toContain('means nothing');
});

test('mostro-push keygen --vapid prints the derived Web Push key, with which a server of another key offers the same to apps', async () => {
  const old = { SERVER_PRIVATE_KEY: '11'.repeat(32) };
  const { stdout } = await outcome(['keygen', '--vapid'], old);
  const [, publicKey = '', privateKey = ''] =
    /public key is (\S{87})\nVAPID_PRIVATE_KEY=([0-9a-f]{64})\n$/.exec(stdout) ?? [];
  const offered = await vapidKeyOf(await apiServer(old));
  expect(publicKey).toBe(offered);
  const rotated = { SERVER_PRIVATE_KEY: '22'.repeat(32), VAPID_PRIVATE_KEY: privateKey };
  expect(await vapidKeyOf(await apiServer(rotated))).toBe(offered);
  const after = { SERVER_PRIVATE_KEY: '22'.repeat(32), SERVER_PRIVATE_KEY_PREVIOUS: '11'.repeat(32) };
  expect((await outcome(['keygen', '--vapid'], after)).stdout).toContain(`VAPID_PRIVATE_KEY=${privateKey}`);
  expect(await outcome(['keygen', '--vapid'])).toMatchObject({ code: 78, stdout: '' });
});

test('mostro-push --check-config ends with 0 for a usable configuration, says what is missing, and makes no file', async () => {
  const { code, stdout, stderr, directory } = await outcome(['--check-config']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('usable');
  expect(stdout).toContain('The server key will be made on the first start');
  expect(stdout).toContain('FCM waits for credentials');
  expect(await readdir(directory)).toEqual([]);
});

test('mostro-push --check-config never prints the private key', async () => {
  const SERVER_PRIVATE_KEY = '5bbacabd1c04533d712ceea21df117878f92856dae2a42e88c9666d43f86c88f';
  const { code, stdout, stderr } = await outcome(['--check-config'], { SERVER_PRIVATE_KEY });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(SERVER_PRIVATE_KEY);
});
