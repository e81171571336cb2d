import { Column } from './rows.ts';

/** There is no such row. */
export const NO_ROW = 0;

/** Gives out row numbers from 1 on. One that was given back is the next to be given out, so the rows stay dense. */
export class RowNumbers {
  /** The free number below a free one. */
  readonly #next = new Column((length) => new Int32Array(length));
  #free = NO_ROW;
  #last = NO_ROW;

  /** The highest number that was ever given out. */
  get last(): number {
    return this.#last;
  }

  take(): number {
    const row = this.#free;
    if (row === NO_ROW) return ++this.#last;
    this.#free = this.#next.get(row);
    return row;
  }

  giveBack(row: number): void {
    this.#next.reach(row);
    this.#next.set(row, this.#free);
    this.#free = row;
  }
}
