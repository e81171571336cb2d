import { NO_ROW } from './rows.ts';

/** Small: most servers need a small part of the capacity, and so every test makes the index grow. */
const FIRST_SLOTS = 8;
/** The index doubles when a larger share of its slots is taken: the fuller it is, the more slots a search looks at. */
const MOST_FULL = 0.7;
/**
 * Slots that each addition moves while the index grows: some microseconds' work. A table of n slots is moved after n / 32 additions,
 * long before the new table of 2n slots needs to grow.
 */
const MOVED_AT_ONCE = 32;

/** The tag of a slot that has no row; a search ends here. */
const EMPTY = 0;
/** The tag of a slot whose row was moved or removed; a search goes on. Only the former table has such slots. */
const VACATED = 1;
/** Tags of slots with a row are 2 to 255. */
const FIRST_TAG = 2;

export interface RowIndexOptions {
  /** The hash of a row that is in the index, which must stay the same. */
  readonly hashOf: (row: number) => number;
  /** Whether this row is the one that the caller of `find` or `remove` seeks: the index compares hashes only. */
  readonly isSought: (row: number) => boolean;
}

/**
 * Finds rows by a 32-bit hash: a hash table with open addressing and linear probing.
 *
 * A slot takes five bytes: the row, and a tag of eight bits of its hash. A search for a row that is not there compares tags, one byte a
 * slot, and calls `isSought` for one in some 250 of the other rows that it passes.
 *
 * Growth is spread out. When the table is 70 % full, a table of twice the size is added; from then on each addition moves 32 slots of the
 * former table, and look-ups ask both. The longest pause is the allocation of the new table, which is zeroed memory.
 *
 * Invariant: in the current table, all slots between a row's home (the slot that its hash names) and its slot are taken. So a search may
 * end at the first empty slot, and `close` must move rows back when it empties one.
 */
export class RowIndex {
  readonly #options: RowIndexOptions;
  #table = new Table(FIRST_SLOTS);
  #former: Table | undefined;
  #size = 0;

  constructor(options: RowIndexOptions) {
    this.#options = options;
  }

  /** The sought row of this hash, or {@link NO_ROW}. */
  find(hash: number): number {
    const row = this.#table.row(this.#search(this.#table, hash));
    if (row !== NO_ROW || this.#former === undefined) return row;
    return this.#former.row(this.#search(this.#former, hash));
  }

  /** Adds a row that is not in the index. */
  add(hash: number, row: number): void {
    if (++this.#size > this.#table.slots * MOST_FULL) this.#grow();
    this.#move(MOVED_AT_ONCE);
    this.#table.add(hash, row);
  }

  /** Removes the sought row of this hash, if it is there. */
  remove(hash: number): void {
    const slot = this.#search(this.#table, hash);
    if (slot >= 0) this.#table.close(slot, this.#options.hashOf);
    else if (this.#former !== undefined) {
      const formerSlot = this.#search(this.#former, hash);
      if (formerSlot < 0) return;
      this.#former.vacate(formerSlot);
    } else return;
    this.#size--;
  }

  /** The slot of the sought row; negative if there is none. */
  #search(table: Table, hash: number): number {
    const { mask, rows, tags } = table;
    const sought = tagOf(hash);
    let slot = hash & mask;
    for (let tag = tags[slot]; tag !== EMPTY; tag = tags[slot]) {
      if (tag === sought && this.#options.isSought(rows[slot] as number)) return slot;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  #grow(): void {
    this.#move(Infinity);
    this.#former = this.#table;
    this.#table = new Table(this.#former.slots * 2);
  }

  /** Moves the rows of the next `most` slots of the former table. */
  #move(most: number): void {
    const former = this.#former;
    if (former === undefined) return;
    const end = Math.min(former.slots, former.moved + most);
    for (let slot = former.moved; slot < end; slot++) {
      if ((former.tags[slot] as number) < FIRST_TAG) continue;
      const row = former.rows[slot] as number;
      this.#table.add(this.#options.hashOf(row), row);
      former.vacate(slot);
    }
    former.moved = end;
    if (end === former.slots) this.#former = undefined;
  }
}

class Table {
  readonly slots: number;
  readonly mask: number;
  readonly tags: Uint8Array;
  readonly rows: Int32Array;
  /** In a former table: slots from the first on whose rows have been moved. */
  moved = 0;

  /** @param slots a power of two */
  constructor(slots: number) {
    this.slots = slots;
    this.mask = slots - 1;
    this.tags = new Uint8Array(slots);
    this.rows = new Int32Array(slots);
  }

  row(slot: number): number {
    return slot < 0 ? NO_ROW : (this.rows[slot] as number);
  }

  add(hash: number, row: number): void {
    let slot = hash & this.mask;
    while (this.tags[slot] !== EMPTY) slot = (slot + 1) & this.mask;
    this.tags[slot] = tagOf(hash);
    this.rows[slot] = row;
  }

  vacate(slot: number): void {
    this.tags[slot] = VACATED;
  }

  /** Empties a slot. A row behind it that had been pushed past it moves back, so that no search ends too early. */
  close(slot: number, hashOf: (row: number) => number): void {
    const { mask, rows, tags } = this;
    let gap = slot;
    for (let at = (slot + 1) & mask; tags[at] !== EMPTY; at = (at + 1) & mask) {
      const row = rows[at] as number;
      const pushedBy = (at - hashOf(row)) & mask;
      if (pushedBy < ((at - gap) & mask)) continue;
      rows[gap] = row;
      tags[gap] = tags[at] as number;
      gap = at;
    }
    tags[gap] = EMPTY;
  }
}

/** The tag is the high bits of the hash, since its low bits choose the slot. */
function tagOf(hash: number): number {
  return Math.max(FIRST_TAG, hash >>> 24);
}
