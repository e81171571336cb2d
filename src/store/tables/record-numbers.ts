import { Column } from './column.ts';

/** There is no such record. */
export const NO_RECORD = 0;

/** Gives out record numbers from 1 on. One that was given back is the next to be given out, so the records stay dense. */
export class RecordNumbers {
  /** The free number below a free one. */
  readonly #next = new Column((length) => new Int32Array(length));
  #free = NO_RECORD;
  #last = NO_RECORD;

  /** The highest number that was ever given out. */
  get last(): number {
    return this.#last;
  }

  take(): number {
    const record = this.#free;
    if (record === NO_RECORD) return ++this.#last;
    this.#free = this.#next.get(record);
    return record;
  }

  giveBack(record: number): void {
    this.#next.reach(record);
    this.#next.set(record, this.#free);
    this.#free = record;
  }
}
