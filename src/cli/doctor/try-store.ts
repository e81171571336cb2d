import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Config } from '../../config/config.ts';
import type { Secret } from '../../core/basics/secret.ts';
import { isThere } from '../../lib/is-there.ts';
import type { ChangeJournal } from '../../store/contents/change-journal.ts';
import { StoreContents } from '../../store/contents/store-contents.ts';
import { storeFiles } from '../../store/contents/store-files.ts';
import { openDocument } from '../../store/file/open-document.ts';
import { LOCK, StoreLock } from '../../store/file/store-lock.ts';
import { StoreOpenError } from '../../store/file/store-open-error.ts';
import { readIncumbentEndpoints } from '../../store/import/incumbent-endpoints.ts';
import type { Startup } from '../load-startup.ts';
import { whyNotMade } from './can-make.ts';
import { failure, ok, warning, type Finding } from './finding.ts';
import type { RunningServer } from './identity.ts';

const TITLE = 'store';

/** The contents are only read. */
const NO_JOURNAL: ChangeJournal = {
  isRefusing: true,
  hasFile: false,
  write: () => undefined,
  commit: () => Promise.reject(new TypeError('a trial changes nothing')),
};

/** What a trial of the store needs of a startup. */
export type StoreTrial = Pick<Startup, 'config' | 'previousKey' | 'serverKey'>;

/**
 * Opens the store as the start will do, and changes nothing: the lock, the header, the key, every frame, and whether the registrations
 * fit. A running server may be writing to it meanwhile.
 */
export async function tryStore(trial: StoreTrial, running: RunningServer): Promise<Finding> {
  const { directory, kind } = trial.config.store;
  if (kind === 'memory' && !trial.config.unifiedPush.enabled) return forgets();
  if (kind === 'redis')
    return ok(TITLE, 'Registrations are kept in Redis or Valkey: a restart forgets none.');
  try {
    const files = storeFiles(directory);
    const path = kind === 'file' ? files.everything : files.endpoints;
    const isHeld = await isHeldByOther(path, trial, running);
    if (isHeld)
      throw new StoreOpenError(
        `${directory} is in use by another mostro-push; stop that one first, or set another DATA_DIR`,
      );
    const registered = await readEverything(trial);
    if (kind === 'memory') return forgets();
    return ok(
      TITLE,
      `Registrations are kept on disk, in DATA_DIR: a restart forgets none. ${registered} are in it.`,
    );
  } catch (error) {
    if (!(error instanceof StoreOpenError)) throw error;
    return { ...failure(TITLE, `${error.message}.`), exitCode: error.isConfiguration ? 78 : 1 };
  }
}

/** Losing registrations is no fault, but the operator must know (contract 6). */
function forgets(): Finding {
  return warning(
    TITLE,
    'Registrations are in memory: a restart forgets those of FCM, and today’s app registers a trade once and never again.',
    'set STORE=file, or plan restarts for hours without trades',
  );
}

/** Whether another process than the running server of this directory has the store. `STORE=memory` takes the lock only for a file that is there. */
async function isHeldByOther(path: string, { config }: StoreTrial, running: RunningServer): Promise<boolean> {
  if (config.store.kind === 'memory' && !(await isThere(path))) return false;
  return running !== 'ours' && (await StoreLock.isTaken(join(config.store.directory, LOCK)));
}

/** @returns how many registrations there are @throws StoreOpenError */
async function readEverything(trial: StoreTrial): Promise<number> {
  const { config } = trial;
  const { endpoints, everything } = storeFiles(config.store.directory);
  const isFile = config.store.kind === 'file';
  const contents = emptyContents(config);
  const keys = keysOf(trial);
  const path = isFile ? everything : endpoints;
  const document = await openDocument(path, keys, (record) => contents.apply(record));
  if (document === 'foreign' && isFile)
    throw new StoreOpenError(`${everything} is no store of this program; move it away. Nothing was changed`);
  if (document === undefined && isFile) await mustBeMade(everything);
  // What an earlier `STORE=memory`, or the Rust server, has left is taken over.
  if (isFile || document === 'foreign') await readEndpoints(endpoints, keys, contents, config);
  return contents.registrations.counts().total;
}

async function mustBeMade(path: string): Promise<void> {
  const code = await whyNotMade(path);
  if (code !== undefined)
    throw new StoreOpenError(
      `${path} cannot be made (${code}); make its directory writable, and free some space`,
    );
}

async function readEndpoints(
  path: string,
  keys: readonly Secret<Uint8Array>[],
  contents: StoreContents,
  { registrations: { lifetime } }: Config,
): Promise<void> {
  if ((await openDocument(path, keys, (record) => contents.apply(record))) !== 'foreign') return;
  const text = await readFile(path, 'utf8');
  const incumbent = readIncumbentEndpoints(text, { lifetime, allowsEndpoint: () => true, clock: Date.now });
  if (incumbent === undefined)
    throw new StoreOpenError(
      `${path} holds neither this program's endpoints nor the Rust server's; move it away. Nothing was changed`,
    );
}

/** The keys that the store may be sealed with. If the first start makes the server's key, that opens no store. */
function keysOf({ previousKey, serverKey }: StoreTrial): Secret<Uint8Array>[] {
  return [serverKey, previousKey].flatMap((key) => (key === undefined ? [] : [key.privateKey]));
}

function emptyContents({ registrations: { capacity }, store: { kind } }: Config): StoreContents {
  return new StoreContents({
    capacity,
    keeps: kind === 'file' ? 'everything' : 'endpoints',
    handlingMs: 0,
    clock: Date.now,
    mayExpire: () => false,
    journal: NO_JOURNAL,
    onGarbage: () => undefined,
    onSwept: () => undefined,
  });
}
