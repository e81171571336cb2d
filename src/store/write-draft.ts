import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { Secret } from '../core/secret.ts';
import { DocumentFile } from './document-file.ts';
import { encodeRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';

/** Records that are sealed together when a file is written anew: one frame is some milliseconds' work. In bytes. */
const FRAME_BYTES = 64 * 1024;
const DRAFT = '.new';

/** Writes all that a store holds to a file beside its own. The store may change meanwhile. @throws what the system says */
export async function writeDraft(
  path: string,
  key: Secret<Uint8Array>,
  snapshot: Iterable<StoreRecord>,
): Promise<DocumentFile> {
  const draft = await DocumentFile.create(`${path}.${randomUUID()}${DRAFT}`, key);
  try {
    for (const records of framesOf(snapshot)) await draft.write(records);
    return draft;
  } catch (error) {
    await discard(draft);
    throw error;
  }
}

export async function discard(draft: DocumentFile): Promise<void> {
  await draft[Symbol.asyncDispose]().catch(() => undefined);
  await rm(draft.path, { force: true }).catch(() => undefined);
}

/** Removes the drafts that a crash has left. */
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
    records.push(bytes);
    length += bytes.length;
    if (length < FRAME_BYTES) continue;
    yield records;
    records = [];
    length = 0;
  }
  if (records.length > 0) yield records;
}
