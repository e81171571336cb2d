import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { outcome, serve } from '../support/program.ts';
import { directoryWithStore, FILE, key, register } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('mostro-push store info, verify, export and reseal do what their help says', async () => {
  const directory = await directoryWithStore({ ...FILE, WAKE_POLICY: 'cohorts' });
  const path = join(directory, 'data', 'store.json');
  const info = await outcome(['store', 'info'], FILE, directory);
  expect(info).toMatchObject({ code: 0, stderr: '' });
  expect(info.stdout).toMatch(/registrations +2: 0 android, 2 ios, 0 web, 0 webpush/);
  expect(info.stdout).toMatch(/listened +127\.0\.0\.1:9, kind 14: until \d{4}-/);
  expect(info.stdout).toMatch(/cohorts +1: 2 devices, 2 of them unprotected, 0 without a registration/);
  expect(info.stdout).not.toContain('token-of-device');

  expect((await outcome(['store', 'verify'], FILE, directory)).stdout).toMatch(/is intact: \d+ frames/);

  const { stdout } = await outcome(['store', 'export'], FILE, directory);
  expect(stdout.split('\n').map((line) => line && (JSON.parse(line) as unknown))).toMatchObject([
    { trade_pubkey: key(1), platform: 'ios', token: 'token-of-device-1', woken: false, signed: false },
    { trade_pubkey: key(2), token: 'token-of-device-2' },
    '',
  ]);

  const before = JSON.parse(await readFile(path, 'utf8')) as { salt: string };
  expect(await outcome(['store', 'reseal'], FILE, directory)).toMatchObject({ code: 0 });
  expect((JSON.parse(await readFile(path, 'utf8')) as { salt: string }).salt).not.toBe(before.salt);
  expect((await outcome(['store', 'export'], FILE, directory)).stdout).toBe(stdout);
});

test('mostro-push store verify and export find damage, say where, and end with 1; export prints what can be read', async () => {
  const directory = await directoryWithStore();
  const path = join(directory, 'data', 'store.json');
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n');
  lines[2] = lines[2]?.replace(/^"(.{50})./, '"$1!') ?? '';
  await writeFile(path, lines.join('\n'));
  const verified = await outcome(['store', 'verify'], FILE, directory);
  expect(verified.code).toBe(1);
  expect(verified.stderr).toMatch(/store\.json is damaged at byte \d+/);
  const exported = await outcome(['store', 'export'], FILE, directory);
  expect(exported.code).toBe(1);
  expect(exported.stdout).toContain(key(2));
  const started = await outcome([], { ...FILE, SERVER_PORT: '0', ADMIN_PORT: '0' }, directory);
  expect(started.code).toBe(1);
  expect(started.stderr).toMatch(/store\.json is damaged at byte \d+\. Put a backup in its place/);
});

test('mostro-push store reseal is refused while a server runs; info, verify and export are not', async () => {
  const directory = await tempDirectory();
  const running = await serve(FILE, directory);
  await register(running, 1);
  const { code, stderr } = await outcome(['store', 'reseal'], FILE, directory);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('in use') as string });
  for (const command of ['info', 'verify', 'export'])
    expect(await outcome(['store', command], FILE, directory)).toMatchObject({ code: 0 });
});

test('mostro-push store says that there is no store yet, or no key', async () => {
  const directory = await tempDirectory();
  expect(await outcome(['store', 'info'], FILE, directory)).toMatchObject({ code: 78 });
  const SERVER_PRIVATE_KEY = '11'.repeat(32);
  const none = await outcome(['store', 'info'], { ...FILE, SERVER_PRIVATE_KEY }, directory);
  expect(none).toMatchObject({ code: 1, stderr: 'There is no data/store.json yet.\n' });
});
