import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { KEY } from '../../../test/support/file-store.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { openDocument } from './open-document.ts';
import { decodeRecords, encodeRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';

interface Vectors {
  readonly records: Readonly<Record<string, { readonly hex: string; readonly record: StoreRecord }>>;
  /** The lines of a whole file. */
  readonly file: readonly string[];
}

function vectorsOf(file: string): Vectors {
  return JSON.parse(
    readFileSync(new URL(`../../../test/vectors/${file}`, import.meta.url), 'utf8'),
  ) as Vectors;
}

const vectors = vectorsOf('store-0.3.0.json');
const named = Object.entries(vectors.records);
const added = ['store-browsers-and-installations.json', 'store-wake-policies.json'].flatMap((file) =>
  Object.entries(vectorsOf(file).records),
);

describe('a record of version 0.3.0', () => {
  test.each(named)('(%s) is read, and is written with the same bytes', (_name, { hex, record }) => {
    expect([...decodeRecords(Buffer.from(hex, 'hex'))]).toEqual([record]);
    expect(Buffer.from(encodeRecord(record)).toString('hex')).toBe(hex);
  });
});

describe('a record', () => {
  test.each(added)('(%s) is read, and is written with the same bytes', (_name, { hex, record }) => {
    expect([...decodeRecords(Buffer.from(hex, 'hex'))]).toEqual([record]);
    expect(Buffer.from(encodeRecord(record)).toString('hex')).toBe(hex);
  });
});

test('a store file of version 0.3.0 is opened, and every record in it is read', async () => {
  const path = join(await tempDirectory(), 'store.json');
  await writeFile(path, vectors.file.join('\n'));
  const records: StoreRecord[] = [];
  expect(await openDocument(path, [KEY], (record) => records.push(record))).toMatchObject({
    frames: named.length,
    isTorn: false,
  });
  expect(records).toEqual(named.map(([, { record }]) => record).filter(({ type }) => type !== 'rewritten'));
});
