import { NO_RECORD } from './record-numbers.ts';

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
/** Here was a record: a search goes on behind it. Only in a table that is being moved out of. */
const VACATED = 1;
const FIRST_TAG = 2;

export interface RecordIndexOptions {
  /** The hash of a record that is in the index. */
  readonly hashOf: (record: number) => number;
  /** Whether this record is the one that is sought. */
  readonly isSought: (record: number) => boolean;
}

/**
 * Finds numbered records by a 32-bit hash: open addressing with linear probing. Each slot has a tag of eight bits of the hash
 * beside its record, so that a search for what is not there looks at the tags alone, one byte a slot, and hardly ever at
 * a record. It grows without a pause: a new table stands beside the old one until every record has moved.
 */
export class RecordIndex {
  readonly #options: RecordIndexOptions;
  #table = new Table(FIRST_SLOTS);
  #former: Table | undefined;
  #size = 0;

  constructor(options: RecordIndexOptions) {
    this.#options = options;
  }

  /** The record that is sought among those of this hash, or {@link NO_RECORD}. */
  find(hash: number): number {
    const record = this.#table.record(this.#search(this.#table, hash));
    if (record !== NO_RECORD || this.#former === undefined) return record;
    return this.#former.record(this.#search(this.#former, hash));
  }

  /** Adds a record that is not in the index. */
  add(hash: number, record: number): void {
    if (++this.#size > this.#table.slots * MOST_FULL) this.#grow();
    this.#move(MOVED_AT_ONCE);
    this.#table.add(hash, record);
  }

  /** Takes out the record that is sought among those of this hash. */
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

  /** The slot of the record that is sought; negative where there is none. */
  #search(table: Table, hash: number): number {
    const { mask, records, tags } = table;
    const sought = tagOf(hash);
    let slot = hash & mask;
    for (let tag = tags[slot]; tag !== EMPTY; tag = tags[slot]) {
      if (tag === sought && this.#options.isSought(records[slot] as number)) return slot;
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
      const record = former.records[slot] as number;
      this.#table.add(this.#options.hashOf(record), record);
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
  readonly records: Int32Array;
  /** How many slots have been moved out of it. */
  moved = 0;

  /** @param slots a power of two */
  constructor(slots: number) {
    this.slots = slots;
    this.mask = slots - 1;
    this.tags = new Uint8Array(slots);
    this.records = new Int32Array(slots);
  }

  record(slot: number): number {
    return slot < 0 ? NO_RECORD : (this.records[slot] as number);
  }

  add(hash: number, record: number): void {
    let slot = hash & this.mask;
    while (this.tags[slot] !== EMPTY) slot = (slot + 1) & this.mask;
    this.tags[slot] = tagOf(hash);
    this.records[slot] = record;
  }

  vacate(slot: number): void {
    this.tags[slot] = VACATED;
  }

  /** Empties a slot and closes the gap: whatever was pushed past it moves back, so that no search ends too early. */
  close(slot: number, hashOf: (record: number) => number): void {
    const { mask, records, tags } = this;
    let gap = slot;
    for (let at = (slot + 1) & mask; tags[at] !== EMPTY; at = (at + 1) & mask) {
      const record = records[at] as number;
      const pushedBy = (at - hashOf(record)) & mask;
      if (pushedBy < ((at - gap) & mask)) continue;
      records[gap] = record;
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
