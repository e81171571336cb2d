import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RowIndex } from './row-index.ts';
import { NO_ROW } from './rows.ts';

/** All meet in one slot, in the last, in a few around the end with equal or unequal tags, or seldom. */
const HASHES: [string, (row: number) => number][] = [
  ['one slot', () => 0],
  ['the last slot', () => 0xffffffff],
  ['slots around the end', (row) => (0xfffffffe + (row & 3)) >>> 0],
  ['one slot with tags of their own', (row) => (row << 24) >>> 0],
  ['any slot', (row) => Math.imul(row, 0x9e3779b1) >>> 0],
];

const RECORDS = 120;

const step = fc.record({ adds: fc.boolean(), row: fc.integer({ min: 1, max: RECORDS }) });

class Indexed {
  sought = NO_ROW;
  readonly hash: (row: number) => number;
  readonly index: RowIndex;

  constructor(hash: (row: number) => number) {
    this.hash = hash;
    this.index = new RowIndex({ hashOf: hash, isSought: (row) => row === this.sought });
  }

  find(row: number): number {
    this.sought = row;
    return this.index.find(this.hash(row));
  }

  remove(row: number): void {
    this.sought = row;
    this.index.remove(this.hash(row));
  }
}

describe('an index of rows', () => {
  test.each(HASHES)(
    'finds the rows that a set would have when all want %s, also while it grows',
    (_, hash) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
          const indexed = new Indexed(hash);
          const held = new Set<number>();
          const isRight = (one: number): boolean => indexed.find(one) === (held.has(one) ? one : NO_ROW);
          for (const { adds, row } of steps) {
            if (!adds) indexed.remove(row);
            else if (!held.has(row)) indexed.index.add(hash(row), row);
            if (adds) held.add(row);
            else held.delete(row);
            // Without an `expect` for each of a million look-ups.
            for (let one = 1; one <= RECORDS; one += 7) if (!isRight(one)) expect.fail(`row ${one}`);
            if (!isRight(row)) expect.fail(`row ${row}`);
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  test('moves at most a few dozen rows in one addition, however many it has', () => {
    let hashed = 0;
    const hash = HASHES.at(-1)?.[1] as (row: number) => number;
    const index = new RowIndex({ hashOf: (row) => (hashed++, hash(row)), isSought: () => false });
    let most = 0;
    for (let row = 1; row <= 200_000; row++) {
      const before = hashed;
      index.add(hash(row), row);
      most = Math.max(most, hashed - before);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(32);
  });
});
