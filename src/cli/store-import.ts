import { parseArgs } from 'node:util';

import { ConfigError } from '../config/config.ts';
import type { Registration } from '../core/registry/registration.ts';
import { endpointGuard } from '../push/unifiedpush/endpoint-guard.ts';
import type { FileStore } from '../store/contents/file-store.ts';
import { storeFiles } from '../store/contents/store-files.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';
import { IncumbentTokens } from '../store/import/incumbent-tokens.ts';
import { TokenDatabase } from '../store/import/token-database.ts';
import { readKeyText } from '../lib/key-text.ts';
import { commandStore } from './command-store.ts';
import type { Io } from './io.ts';
import { readStartup, type ReadStartup } from './read-startup.ts';

const KEY = 'TOKEN_STORE_KEY';

/**
 * `store import --from <tokens.db>`: takes the registrations of the Rust server's database over into the store of `STORE=file`. The
 * database is only read. Keys that were registered here later stay as they are.
 *
 * @param args what follows `store import`
 * @throws ConfigError, StoreOpenError
 */
export async function storeImport(io: Io, args: readonly string[]): Promise<number> {
  const from = readArguments(args);
  if (from === undefined) {
    io.printError('usage: mostro-push store import --from <tokens.db>\n');
    return 64;
  }
  // Node calls its SQLite experimental, in a warning of its own.
  io.onWarning(() => undefined);
  const startup = await readStartup(io, { createKey: true, use: 'write' });
  const { config } = startup;
  if (config.store.kind !== 'file')
    throw new ConfigError(['STORE: needs file, which keeps what is imported']);
  const tokens = new IncumbentTokens({
    storeKey: storeKeyOf(startup.variables[KEY]),
    allowsEndpoint: endpointGuard(config.unifiedPush).allows,
    lifetime: config.registrations.lifetime,
    clock: Date.now,
  });
  using database = await TokenDatabase.open(from);
  const fingerprint = database.keyFingerprint;
  if (fingerprint !== undefined && !tokens.hasFingerprint(fingerprint))
    throw new ConfigError([`${KEY}: is not the key of ${from}`]);
  const { path, known } = await adopt(startup, [...tokens.read(database.rows())]);
  const counts = { ...tokens.counts, taken: tokens.counts.taken - known, 'registered here already': known };
  io.print(`${from}, into ${path}:\n`);
  for (const [fate, count] of Object.entries(counts)) io.print(`  ${fate.padEnd(23)}  ${count}\n`);
  return 0;
}

function readArguments(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { from: { type: 'string' } } }).values.from;
  } catch {
    return undefined; // parseArgs throws for anything else.
  }
}

function storeKeyOf(written: string | undefined): Uint8Array {
  const key = readKeyText(written ?? '');
  if ('trouble' in key)
    throw new ConfigError([`${KEY}: expected the Rust server's, 64 hex characters; ${key.trouble}`]);
  return Buffer.from(key.hex, 'hex');
}

/** Adds the registrations to the store. @returns how many of their keys are registered here already */
async function adopt(
  { config, previousKey, serverKey }: ReadStartup,
  registrations: Iterable<Registration>,
): Promise<{ path: string; known: number }> {
  if (serverKey === undefined) throw new TypeError('a start without a server key');
  const { everything: path } = storeFiles(config.store.directory);
  const store = commandStore({
    path,
    keys: [serverKey.privateKey, ...(previousKey === undefined ? [] : [previousKey.privateKey])],
    keeps: 'everything',
  });
  try {
    if ((await store.open()) === 'foreign')
      throw new StoreOpenError(`${path} is no store of this program; move it away. Nothing was changed`);
    const all = [...registrations];
    let known = 0;
    for (const registration of all) if (await isKept(store, registration)) known++;
    await store.adopt(all);
    return { path, known };
  } finally {
    await store.close();
  }
}

/**
 * Whether the registration that is here already stays. An app that has registered again at the Rust server since the last import has a new
 * token there: the registration here is removed for the newer one. A signed registration stays, since the Rust server's are never signed.
 */
async function isKept(
  { contents }: FileStore,
  { registeredAt, tradePubkey }: Registration,
): Promise<boolean> {
  if (!contents.registrations.mayContain(tradePubkey)) return false;
  const here = await contents.registrations.find(tradePubkey);
  if (here !== undefined && (here.signed || here.registeredAt >= registeredAt)) return true;
  contents.registrations.drop(tradePubkey);
  return false;
}
