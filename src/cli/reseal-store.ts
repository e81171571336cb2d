import type { Config } from '../config/config.ts';
import type { FileStoreOptions } from '../store/contents/file-store.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';
import { commandStore } from './command-store.ts';

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
  const fileStore = commandStore({ path, keys, keeps: store.kind === 'file' ? 'everything' : 'endpoints' });
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
