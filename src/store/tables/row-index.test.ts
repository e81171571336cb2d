import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RecordIndex } from './row-index.ts';
import { NO_RECORD } from './record-numbers.ts';

/** All meet in one slot, in the last, in a few around the end with equal or unequal tags, or seldom. */
const HASHES: [string, (record: number) => number][] = [
  ['one slot', () => 0],
  ['the last slot', () => 0xffffffff],
  ['slots around the end', (record) => (0xfffffffe + (record & 3)) >>> 0],
  ['one slot with tags of their own', (record) => (record << 24) >>> 0],
  ['any slot', (record) => Math.imul(record, 0x9e3779b1) >>> 0],
];

const RECORDS = 120;

const step = fc.record({ adds: fc.boolean(), record: fc.integer({ min: 1, max: RECORDS }) });

class Indexed {
  sought = NO_RECORD;
  readonly hash: (record: number) => number;
  readonly index: RecordIndex;

  constructor(hash: (record: number) => number) {
    this.hash = hash;
    this.index = new RecordIndex({ hashOf: hash, isSought: (record) => record === this.sought });
  }

  find(record: number): number {
    this.sought = record;
    return this.index.find(this.hash(record));
  }

  remove(record: number): void {
    this.sought = record;
    this.index.remove(this.hash(record));
  }
}

describe('an index of records', () => {
  test.each(HASHES)('finds what a set would hold when all want %s, also while it grows', (_, hash) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const indexed = new Indexed(hash);
        const held = new Set<number>();
        const isRight = (one: number): boolean => indexed.find(one) === (held.has(one) ? one : NO_RECORD);
        for (const { adds, record } of steps) {
          if (!adds) indexed.remove(record);
          else if (!held.has(record)) indexed.index.add(hash(record), record);
          if (adds) held.add(record);
          else held.delete(record);
          // Without an `expect` for each of a million look-ups.
          for (let one = 1; one <= RECORDS; one += 7) if (!isRight(one)) expect.fail(`record ${one}`);
          if (!isRight(record)) expect.fail(`record ${record}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('moves no more than a few dozen records for one addition, however many it holds', () => {
    let hashed = 0;
    const hash = HASHES.at(-1)?.[1] as (record: number) => number;
    const index = new RecordIndex({ hashOf: (record) => (hashed++, hash(record)), isSought: () => false });
    let most = 0;
    for (let record = 1; record <= 200_000; record++) {
      const before = hashed;
      index.add(hash(record), record);
      most = Math.max(most, hashed - before);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(32);
  });
});
