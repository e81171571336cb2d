import { parseArgs } from 'node:util';

import { ConfigError } from '../config/config.ts';
import { isThere } from '../lib/is-there.ts';
import type { StoreContents } from '../store/contents/store-contents.ts';
import { storeFiles } from '../store/contents/store-files.ts';
import type { FileStore } from '../store/contents/file-store.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';
import type { StoreRecord } from '../store/file/store-record.ts';
import { leaveOwed, readOwed } from '../fleet/claims/owed-left.ts';
import { EngineUnavailable } from '../fleet/engine/engine.ts';
import { openCommandFleet, type CommandFleet } from './command-fleet.ts';
import { commandStore } from './command-store.ts';
import type { Io } from './io.ts';
import { readStartup, type ReadStartup } from './read-startup.ts';

const USAGE = 'usage: mostro-push store copy --to redis|file [--merge] [--dry-run]\n';

interface Arguments {
  readonly to: 'redis' | 'file';
  /** Adds to what the target has. Otherwise it must have no registration. */
  readonly merge: boolean;
  /** Says what would be copied, and copies nothing. */
  readonly dryRun: boolean;
}

/**
 * `store copy --to redis|file`: copies the store of `STORE=file` into the engine of `REDIS_URL`, or the other way round. What it copies from
 * stays as it is. Registrations keep their times.
 *
 * @param args what follows `store copy`
 * @throws ConfigError, StoreOpenError
 */
export async function storeCopy(io: Io, args: readonly string[]): Promise<number> {
  const wanted = readArguments(args);
  if (wanted === undefined) {
    io.printError(USAGE);
    return 64;
  }
  const startup = await readStartup(io, { createKey: false, use: wanted.to === 'file' ? 'write' : 'read' });
  const file = openFile(startup);
  const isFileThere = await isThere(file.path);
  if (wanted.to === 'redis' && !isFileThere) {
    io.printError(`There is no ${file.path} yet.\n`);
    return 1;
  }
  await using fleet = await openCommandFleet(startup, useOf(wanted));
  try {
    // To open it would make it.
    const isOpened = isFileThere || !wanted.dryRun;
    if (isOpened && (await file.store.open()) === 'foreign')
      throw new StoreOpenError(`${file.path} is no store of this program; move it away. Nothing was changed`);
    const [source, target] = wanted.to === 'redis' ? [file.path, fleet.place] : [fleet.place, file.path];
    const contents = { file: file.store.contents, redis: fleet.store.contents };
    const from = wanted.to === 'redis' ? contents.file : contents.redis;
    const there = contents[wanted.to].registrations.counts().total;
    if (there > 0 && !wanted.merge)
      throw new StoreOpenError(
        `${target} has ${there} registrations already. With --merge, those of ${source} are added whose keys it does not have. Nothing was changed`,
      );
    io.print(`${source}, into ${target}:\n`);
    const counts = await copy(wanted, from, contents[wanted.to], { fleet, file: file.store }).catch(cutOff);
    for (const [what, count] of Object.entries(counts)) io.print(`  ${what.padEnd(23)}  ${count}\n`);
    if (wanted.dryRun) io.print('Nothing was copied: --dry-run.\n');
    return 0;
  } finally {
    await file.store.close();
  }
}

function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { to: { type: 'string' }, merge: { type: 'boolean' }, 'dry-run': { type: 'boolean' } },
    });
    const { 'dry-run': dryRun = false, merge = false, to } = values;
    return to === 'redis' || to === 'file' ? { to, merge, dryRun } : undefined;
  } catch {
    return undefined; // parseArgs throws for anything else.
  }
}

function useOf({ dryRun, to }: Arguments): 'write' | 'read' | 'plan' {
  if (to === 'file') return 'read';
  return dryRun ? 'plan' : 'write';
}

function openFile({ config, previousKey, serverKey }: ReadStartup): { path: string; store: FileStore } {
  if (serverKey === undefined) throw new ConfigError([`${config.key.file}: there is no server key yet`]);
  const { everything: path } = storeFiles(config.store.directory);
  const keys = [
    serverKey.privateKey,
    ...(previousKey === undefined ? [] : [previousKey.privateKey]),
  ] as const;
  return { path, store: commandStore({ path, keys, keeps: 'everything' }) };
}

/** The engine went away in the middle of a copy. */
function cutOff(error: unknown): never {
  if (!(error instanceof EngineUnavailable)) throw error;
  throw new StoreOpenError(
    `REDIS_URL: the engine can no longer be used: ${error.message}. A part may have been copied: run this again with --merge`,
  );
}

/** @returns how much of what there was to copy */
async function copy(
  { dryRun, to }: Arguments,
  from: StoreContents,
  into: StoreContents,
  { fleet, file }: { readonly fleet: CommandFleet; readonly file: FileStore },
): Promise<Readonly<Record<string, number>>> {
  const { engine, names, values } = fleet;
  const missing = [...missingIn(into, from)];
  const owed = to === 'redis' ? [...from.owed.all()] : await readOwed(engine, names, values);
  const registered = missing.filter(({ type }) => type === 'registered').length;
  const counts = {
    'registrations copied': registered,
    'registered there already': from.registrations.counts().total - registered,
    'devices in cohorts': missing.filter(
      (record) => record.type === 'cohort' && record.change.type === 'joined',
    ).length,
    'owed wakes': owed.length,
  };
  if (dryRun) return counts;
  if (to === 'redis') {
    await fleet.store.add(missing);
    await leaveOwed(engine, names, values, owed);
  } else {
    for (const record of missing) into.apply(record);
    for (const wake of owed) into.apply({ type: 'owed', wake });
    into.registrations.sortByAge();
    await file.rewrite();
  }
  return counts;
}

/** What a store lacks of another one's records. Cohorts cannot be mixed: they are taken only where there are none. */
function* missingIn(into: StoreContents, from: StoreContents): Generator<StoreRecord> {
  const hasCohorts = into.cohorts.table.size > 0;
  for (const record of from.records()) {
    if (record.type === 'registered' && !into.registrations.mayContain(record.registration.tradePubkey))
      yield record;
    if (record.type === 'cohort' && !hasCohorts) yield record;
    if (record.type === 'alive' && into.proofs.of(record.relay, record.kind) === undefined) yield record;
  }
}
