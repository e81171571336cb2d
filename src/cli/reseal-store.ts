import type { Config } from '../config/config.ts';
import { SILENT_TELEMETRY } from '../ops/telemetry.ts';
import { FileStore, type FileStoreOptions } from '../store/contents/file-store.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';

/**
 * Writes a store again, under sealing keys that no other file has. The server must be stopped.
 *
 * @throws StoreOpenError
 */
export async function resealStore(
  path: string,
  { store }: Config,
  keys: FileStoreOptions['keys'],
): Promise<void> {
  const fileStore = new FileStore({
    path,
    keys,
    keeps: store.kind === 'file' ? 'everything' : 'endpoints',
    isLazy: false,
    capacity: Infinity,
    handlingMs: 0,
    clock: Date.now,
    // This command asks no relay for the time, so the clock cannot be trusted: nothing expires here.
    mayExpire: () => false,
    telemetry: SILENT_TELEMETRY,
  });
  try {
    await fileStore.open();
    await fileStore.rewrite();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new StoreOpenError(`${path} cannot be written again (${code})`);
  } finally {
    await fileStore.close();
  }
}
