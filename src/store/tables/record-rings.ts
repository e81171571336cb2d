import { Column } from './column.ts';

/** Numbered records in rings, each in one at a time: any of them joins or leaves at once, however many there are. */
export class RecordRings {
  readonly #next = new Column((length) => new Int32Array(length));
  readonly #previous = new Column((length) => new Int32Array(length));

  /** Puts the record into a ring of its own, whatever was linked to it before. */
  begin(record: number): void {
    this.#next.reach(record);
    this.#previous.reach(record);
    this.#tie(record, record);
  }

  /** Moves a record that is alone into a ring, as the last before this one. */
  join(record: number, before: number): void {
    this.#tie(this.#previous.get(before), record);
    this.#tie(record, before);
  }

  /** Leaves a record alone. */
  leave(record: number): void {
    this.#tie(this.#previous.get(record), this.#next.get(record));
    this.#tie(record, record);
  }

  /** The one behind it; itself when it is alone. */
  next(record: number): number {
    return this.#next.get(record);
  }

  #tie(record: number, next: number): void {
    this.#next.set(record, next);
    this.#previous.set(next, record);
  }
}
