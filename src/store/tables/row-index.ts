import { NO_ROW } from './rows.ts';

/** Few: what most servers ever need is a small part of the capacity, and every test grows the index. */
const FIRST_SLOTS = 8;
/** Beyond this share a search takes ever more steps. */
const MOST_FULL = 0.7;
/**
 * Slots that every addition moves while the index grows: some microseconds' work, and all is moved long before the index
 * is full again, which takes an addition for every second slot.
 */
const MOVED_AT_ONCE = 32;

const EMPTY = 0;
/** Here was a row: a search goes on behind it. Only in a table that is being moved out of. */
const VACATED = 1;
const FIRST_TAG = 2;

export interface RowIndexOptions {
  /** The hash of a row that is in the index. */
  readonly hashOf: (row: number) => number;
  /** Whether this row is the one that is sought. */
  readonly isSought: (row: number) => boolean;
}

/**
 * Finds numbered rows by a 32-bit hash: open addressing with linear probing. Each slot has a tag of eight bits of the hash
 * beside its row, so that a search for what is not there looks at the tags alone, one byte a slot, and hardly ever at
 * a row. It grows without a pause: a new table stands beside the old one until every row has moved.
 */
export class RowIndex {
  readonly #options: RowIndexOptions;
  #table = new Table(FIRST_SLOTS);
  #former: Table | undefined;
  #size = 0;

  constructor(options: RowIndexOptions) {
    this.#options = options;
  }

  /** The row that is sought among those of this hash, or {@link NO_ROW}. */
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

  /** Takes out the row that is sought among those of this hash. */
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

  /** The slot of the row that is sought; negative where there is none. */
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

  /** Moves what is in the next so many slots of the former table. */
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
  /** How many slots have been moved out of it. */
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

  /** Empties a slot and closes the gap: whatever was pushed past it moves back, so that no search ends too early. */
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

/** The high bits: the low ones choose the slot. */
function tagOf(hash: number): number {
  return Math.max(FIRST_TAG, hash >>> 24);
}
