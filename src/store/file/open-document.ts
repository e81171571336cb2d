import { cannotRead } from '../../lib/cannot-read.ts';
import { open, type FileHandle } from 'node:fs/promises';

import type { Secret } from '../../core/basics/secret.ts';
import { DocumentProblem, readDocument, type DocumentEnd } from './read-document.ts';
import { StoreOpenError } from './store-open-error.ts';
import type { StoreRecord } from './store-record.ts';

/**
 * Reads a store's file to its end, and changes nothing.
 *
 * @param keys the server's key, and the previous one
 * @returns `undefined` if there is no file; `foreign` if this program has not written it
 * @throws StoreOpenError if it cannot be read, or is damaged
 */
export async function openDocument(
  path: string,
  keys: readonly Secret<Uint8Array>[],
  onRecord: (record: StoreRecord) => void,
): Promise<DocumentEnd | 'foreign' | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new StoreOpenError(cannotRead(path, code));
  }
  try {
    return await readDocument(file, keys, onRecord);
  } catch (error) {
    if (error instanceof DocumentProblem && error.fault === 'foreign') return 'foreign';
    if (error instanceof DocumentProblem) throw explainProblem(path, error);
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new StoreOpenError(cannotRead(path, code));
  } finally {
    await file.close();
  }
}

/** Says what is wrong with a store's file, and what the operator can do. */
export function explainProblem(path: string, { at, fault }: DocumentProblem): StoreOpenError {
  switch (fault) {
    case 'foreign':
      return new StoreOpenError(`${path} is no store of this program; move it away. Nothing was changed`);
    case 'sealed-otherwise':
      return new StoreOpenError(
        `${path} was sealed with another server key than this one. Put that key back, or name it in SERVER_PRIVATE_KEY_PREVIOUS, and the store is resealed. Nothing was changed`,
        { isConfiguration: true },
      );
    case 'newer':
    case 'unreadable':
      return new StoreOpenError(
        `${path} was written by a newer version of this program. Nothing was changed`,
        {
          isConfiguration: true,
        },
      );
    case 'damaged':
      return new StoreOpenError(
        `${path} is damaged at byte ${at}. Put a backup in its place; or, without one, see what it still holds with "mostro-push store export", and move it away to start without it. Nothing was changed`,
      );
  }
}
