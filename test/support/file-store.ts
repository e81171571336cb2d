import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { Secret } from '../../src/core/basics/secret.ts';
import {
  FileStore,
  type FileStoreOptions,
  type FileStoreSeams,
} from '../../src/store/contents/file-store.ts';
import { FakeTelemetry } from './fake-telemetry.ts';

export const KEY = new Secret<Uint8Array>(Buffer.alloc(32, 7));
export const OTHER_KEY = new Secret<Uint8Array>(Buffer.alloc(32, 8));

export interface OpenedStore {
  readonly store: FileStore;
  readonly path: string;
  readonly telemetry: FakeTelemetry;
}

/** A store in this file, not open yet. It commits without waiting in between. */
export function fileStoreAt(
  path: string,
  options: Partial<FileStoreOptions> = {},
  seams: FileStoreSeams = {},
): FileStore {
  return new FileStore(
    {
      path,
      keys: [KEY],
      capacity: 1000,
      keeps: 'everything',
      isLazy: false,
      handlingMs: 0,
      clock: Date.now,
      telemetry: new FakeTelemetry(),
      ...options,
    },
    { commitEveryMs: 0, ...seams },
  );
}

/** Opens the store of a directory, until it is closed or the test is over. */
export async function openFileStore(
  directory: string,
  options: Partial<FileStoreOptions> = {},
  seams: FileStoreSeams = {},
): Promise<OpenedStore> {
  const path = join(directory, 'store.json');
  const telemetry = new FakeTelemetry();
  const store = fileStoreAt(path, { telemetry, ...options }, seams);
  onTestFinished(() => store.close());
  await store.open();
  return { store, path: options.path ?? path, telemetry };
}
