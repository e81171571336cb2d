import { Column } from './rows.ts';

/** Numbered rows in rings, each in one at a time: any of them joins or leaves at once, however many there are. */
export class RowRings {
  readonly #next = new Column((length) => new Int32Array(length));
  readonly #previous = new Column((length) => new Int32Array(length));

  /** Puts the row into a ring of its own, whatever was linked to it before. */
  begin(row: number): void {
    this.#next.reach(row);
    this.#previous.reach(row);
    this.#tie(row, row);
  }

  /** Moves a row that is alone into a ring, as the last before this one. */
  join(row: number, before: number): void {
    this.#tie(this.#previous.get(before), row);
    this.#tie(row, before);
  }

  /** Leaves a row alone. */
  leave(row: number): void {
    this.#tie(this.#previous.get(row), this.#next.get(row));
    this.#tie(row, row);
  }

  /** The one behind it; itself when it is alone. */
  next(row: number): number {
    return this.#next.get(row);
  }

  #tie(row: number, next: number): void {
    this.#next.set(row, next);
    this.#previous.set(next, row);
  }
}
