import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';

import { HOUR_MS } from '../../src/core/basics/clock.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { KEY, openFileStore } from '../support/file-store.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, outcome, serve } from '../support/program.ts';
import { registrationAt } from '../support/registrations.ts';
import { FILE, key } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

interface Database {
  exec(sql: string): void;
  prepare(sql: string): { run(...values: unknown[]): void };
  close(): void;
}

/** Node's own SQLite. Node 20 has none. */
const name = 'node:sqlite';
const sqlite = await (import(name) as Promise<{ DatabaseSync: new (path: string) => Database }>).catch(
  () => undefined,
);

const STORE_KEY = '5'.repeat(64);
const IMPORT = { ...FILE, TOKEN_STORE_KEY: STORE_KEY };

function derived(info: string): Uint8Array {
  const secret = Buffer.from(STORE_KEY, 'hex');
  return hkdf(sha256, secret, Buffer.from('mostro-push-token-store-v1'), Buffer.from(info), 32);
}

interface Row {
  readonly token: string;
  /** Since the registration. */
  readonly hours?: number;
  readonly platform?: number;
}

/** A database of the Rust server that still has it open: its last rows are in the `-wal` file alone. */
async function database(rows: readonly Row[]): Promise<{
  path: string;
  /** Replaces the row of a key, as an app does that registers again. */
  register(n: number, row: Row): void;
  [Symbol.dispose](): void;
}> {
  if (sqlite === undefined) throw new Error('no SQLite');
  const path = join(await tempDirectory(), 'tokens.db');
  const open = new sqlite.DatabaseSync(path);
  open.exec(`PRAGMA journal_mode=WAL; PRAGMA user_version=1;
    CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB);
    CREATE TABLE tokens(trade_pubkey TEXT PRIMARY KEY, platform INTEGER, registered_at INTEGER, nonce BLOB, token_ct BLOB)`);
  open.prepare('INSERT INTO meta VALUES (?, ?)').run('key_fingerprint', derived('key-fingerprint'));
  const insert = open.prepare('REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)');
  const register = (n: number, { hours = 1, platform = 0, token }: Row): void => {
    const nonce = Uint8Array.from(randomBytes(12));
    const cipher = chacha20poly1305(derived('device-token-encryption'), nonce, Buffer.from(key(n)));
    const at = Math.floor(Date.now() / 1000) - hours * 3600;
    insert.run(key(n), platform, at, nonce, cipher.encrypt(Buffer.from(token)));
  };
  for (const [n, row] of rows.entries()) register(n, row);
  return { path, register, [Symbol.dispose]: () => open.close() };
}

test.skipIf(sqlite === undefined)(
  'mostro-push store import takes over the database of the Rust server while that still runs, and counts every row',
  async () => {
    using tokens = await database([
      { token: 'a:token' },
      { token: 'b:token', platform: 1, hours: 47 },
      { token: 'c:token', hours: 49 },
      { token: 'd:token', platform: 9 },
      { token: 'e token' },
    ]);
    const directory = await tempDirectory();
    const args = ['store', 'import', '--from', tokens.path];
    const wrongKey = await outcome(args, { ...IMPORT, TOKEN_STORE_KEY: '6'.repeat(64) }, directory);
    expect(wrongKey).toMatchObject({ code: 78, stderr: expect.stringContaining('is not the key of') });
    const imported = await outcome(args, IMPORT, directory);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    const counts = imported.stdout.matchAll(/^ {2}(\S.*?) {2,}(\d+)$/gm);
    expect(Object.fromEntries([...counts].map(([, fate, count]) => [fate, Number(count)]))).toEqual({
      taken: 2,
      expired: 1,
      unreadable: 0,
      'unknown platform': 1,
      refused: 1,
      'registered here already': 0,
    });
    const exported = (await outcome(['store', 'export'], FILE, directory)).stdout.trim().split('\n');
    expect(exported.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { trade_pubkey: key(0), platform: 'android', token: 'a:token' },
      { trade_pubkey: key(1), platform: 'ios', token: 'b:token' },
    ]);
    const again = await outcome(args, IMPORT, directory);
    expect(again.stdout).toMatch(/taken +0\n[^]*registered here already +2\n/);
    // Between two imports one app registers again at the Rust server, with a new token.
    tokens.register(0, { token: 'new:token', hours: 0.5 });
    const third = await outcome(args, IMPORT, directory);
    expect(third.stdout).toMatch(/taken +1\n[^]*registered here already +1\n/);
    const renewed = (await outcome(['store', 'export'], FILE, directory)).stdout;
    expect(renewed).toContain('new:token');
    expect(renewed).not.toContain('a:token');
  },
);

test.skipIf(sqlite === undefined)(
  'mostro-push store import leaves a registration that its own key has signed, also an older one',
  async () => {
    using tokens = await database([{ token: 'a:token' }]);
    const directory = await tempDirectory();
    const data = join(directory, 'data');
    await mkdir(data);
    const { store } = await openFileStore(data);
    const signed = { tradePubkey: key(0) as TradePubkey, signed: true };
    await store.contents.registrations.put(registrationAt(Date.now() - 2 * HOUR_MS, signed));
    await store.close();
    const environment = { ...IMPORT, SERVER_PRIVATE_KEY: Buffer.from(KEY.reveal()).toString('hex') };
    const imported = await outcome(['store', 'import', '--from', tokens.path], environment, directory);
    expect(imported.stdout).toMatch(/taken +0\n[^]*registered here already +1\n/);
  },
);

test.skipIf(sqlite === undefined)(
  'a server that starts after mostro-push store import wakes imported devices: for events of both kinds from before the import, and for one from after the start',
  async () => {
    using tokens = await database([
      { token: 'a:token' },
      { token: 'b:token' },
      { token: 'c:token', platform: 1 },
    ]);
    const directory = await tempDirectory();
    expect(await outcome(['store', 'import', '--from', tokens.path], IMPORT, directory)).toMatchObject({
      code: 0,
    });
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start());
    // Both came after the apps had registered at the Rust server, an hour ago, and before the import.
    relay.store(eventFor([key(0)], { kind: 14, ageSeconds: 600 }));
    relay.store(eventFor([key(1)], { ageSeconds: 600 }));
    await serve({ ...FILE, ...(await googleEnvironment(google)), NOSTR_RELAYS: relay.url }, directory);
    const atStart = await google.pushes.atLeast(2);
    expect(atStart.map(({ token }) => token).toSorted()).toEqual(['a:token', 'b:token']);
    await relay.subscribed(1059);
    relay.broadcast(eventFor([key(2)]));
    await google.pushes.atLeast(3);
    expect(google.pushes.all.map(({ token }) => token)[2]).toBe('c:token');
  },
);

test('mostro-push store import says what it needs', async () => {
  const directory = await tempDirectory();
  const from = ['--from', join(directory, 'tokens.db')];
  const say = async (args: readonly string[], environment: Record<string, string>): Promise<unknown[]> => {
    const { code, stderr } = await outcome(['store', 'import', ...args], environment, directory);
    return [code, stderr];
  };
  expect(await say([], IMPORT)).toEqual([64, expect.stringContaining('--from <tokens.db>')]);
  expect(await say(from, { ...IMPORT, STORE: 'memory' })).toEqual([
    78,
    expect.stringContaining('STORE: needs file'),
  ]);
  expect(await say(from, FILE)).toEqual([78, expect.stringContaining('TOKEN_STORE_KEY: expected')]);
  const missing = sqlite === undefined ? 'Node 22.13 or newer' : 'tokens.db cannot be read';
  expect(await say(from, IMPORT)).toEqual([1, expect.stringContaining(missing)]);
  const made = await readdir(join(directory, 'data'));
  expect([made, (await stat(join(directory, 'data', 'server.key'))).mode & 0o777]).toEqual([
    ['server.key'],
    0o600,
  ]);
});
