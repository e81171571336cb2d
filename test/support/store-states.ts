import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Registration } from '../../src/core/registry/registration.ts';
import type { FileStore, FileStoreOptions } from '../../src/store/contents/file-store.ts';
import { StoreOpenError } from '../../src/store/file/store-open-error.ts';
import { fileStoreAt } from './file-store.ts';
import { tempDirectory } from './temp-directory.ts';

/** The registrations of a store, by key. */
export type State = Readonly<Record<string, Registration>>;

export function stateOf(store: FileStore): State {
  return Object.fromEntries([...store.contents.registrations.kept()].map((one) => [one.tradePubkey, one]));
}

/** The registrations that a start reads from a file with these bytes. @throws StoreOpenError */
export async function stateAfter(bytes: Uint8Array, options: Partial<FileStoreOptions> = {}): Promise<State> {
  const directory = join(await tempDirectory(), 'data');
  await mkdir(directory);
  const path = join(directory, 'store.json');
  await writeFile(path, bytes);
  const store = fileStoreAt(path, options);
  try {
    if ((await store.open()) === 'foreign') throw new StoreOpenError(`${path} is none of ours`);
    return stateOf(store);
  } finally {
    await store.close();
  }
}
