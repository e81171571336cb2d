import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { Secret } from '../../core/basics/secret.ts';
import { DocumentFile } from './document-file.ts';
import { LONG_FRAME_BYTES, longFrameBytes } from './frame-length.ts';
import { encodeRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';

const DRAFT = '.new';

/**
 * Writes the records of a store to a new file beside its own, in frames of 64 KiB. Other work runs between two frames and may change the
 * store. @throws the system's error
 */
export async function writeDraft(
  path: string,
  key: Secret<Uint8Array>,
  snapshot: Iterable<StoreRecord>,
): Promise<DocumentFile> {
  const draft = await DocumentFile.create(`${path}.${randomUUID()}${DRAFT}`, key);
  try {
    for (const records of framesOf(snapshot)) await draft.write(records, longFrameBytes(records));
    return draft;
  } catch (error) {
    await discard(draft);
    throw error;
  }
}

/** Closes and deletes a draft. It never throws: the next start deletes a draft that is left. */
export async function discard(draft: DocumentFile): Promise<void> {
  await draft[Symbol.asyncDispose]().catch(() => undefined);
  await rm(draft.path, { force: true }).catch(() => undefined);
}

/** Deletes the drafts that a crash has left. */
export async function removeDrafts(path: string): Promise<void> {
  const directory = dirname(path);
  const names = await readdir(directory);
  const drafts = names.filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith(DRAFT));
  await Promise.all(drafts.map((name) => rm(join(directory, name), { force: true })));
}

function* framesOf(snapshot: Iterable<StoreRecord>): Generator<Uint8Array[]> {
  let records: Uint8Array[] = [];
  let length = 0;
  for (const record of snapshot) {
    const bytes = encodeRecord(record);
    if (records.length > 0 && length + bytes.length > LONG_FRAME_BYTES) {
      yield records;
      records = [];
      length = 0;
    }
    records.push(bytes);
    length += bytes.length;
  }
  if (records.length > 0) yield records;
}
