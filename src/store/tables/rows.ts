type Numbers = Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Records in one chunk: a power of two. A chunk is the most that is allocated at once, and is never moved. */
const CHUNK_BITS = 14;
const ROWS_OF_A_CHUNK = 2 ** CHUNK_BITS;
const WITHIN_CHUNK = ROWS_OF_A_CHUNK - 1;

/** One field of numbered rows, in typed arrays that never move: it grows by whole chunks, without a pause to copy. */
export class Column<Values extends Numbers> {
  readonly #create: (length: number) => Values;
  readonly #width: number;
  readonly #chunks: Values[] = [];

  /** @param width how many values a row has */
  constructor(create: (length: number) => Values, width = 1) {
    this.#create = create;
    this.#width = width;
  }

  /** Makes room for this row and all before it. */
  reach(row: number): void {
    while (this.#chunks.length <= row >>> CHUNK_BITS)
      this.#chunks.push(this.#create(ROWS_OF_A_CHUNK * this.#width));
  }

  /** The array that the row's values are in, from {@link at} on. */
  chunk(row: number): Values {
    return this.#chunks[row >>> CHUNK_BITS] as Values;
  }

  at(row: number): number {
    return (row & WITHIN_CHUNK) * this.#width;
  }

  /** The first value of the row. */
  get(row: number): number {
    return this.chunk(row)[this.at(row)] as number;
  }

  set(row: number, value: number): void {
    this.chunk(row)[this.at(row)] = value;
  }
}

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
