import { SILENT_TELEMETRY } from '../ops/telemetry.ts';
import { FileStore, type FileStoreOptions } from '../store/contents/file-store.ts';

/** A store for a command, which needs it alone: the server must be stopped. Not open yet. */
export function commandStore({
  keeps,
  keys,
  path,
}: Pick<FileStoreOptions, 'keeps' | 'keys' | 'path'>): FileStore {
  return new FileStore({
    path,
    keys,
    keeps,
    isLazy: false,
    capacity: Infinity,
    handlingMs: 0,
    clock: Date.now,
    // A command asks no relay for the time, so the clock cannot be trusted: nothing expires.
    mayExpire: () => false,
    telemetry: SILENT_TELEMETRY,
  });
}
