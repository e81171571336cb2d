// What a table is made of. A row is a number from 1 on. A column holds one field of all rows; a table is several columns that use the
// same numbers. Nothing here is an object per row, so the garbage collector has nothing to look at.

type Numbers = Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** A chunk has 2^14 rows. A power of two makes the place of a row a shift and a mask. */
const CHUNK_BITS = 14;
const ROWS_OF_A_CHUNK = 2 ** CHUNK_BITS;
const WITHIN_CHUNK = ROWS_OF_A_CHUNK - 1;

/**
 * One field of all rows, in chunks of typed arrays. The column grows by a new chunk and never copies an old one, so the longest
 * pause is the allocation of one chunk. It never shrinks.
 */
export class Column<Values extends Numbers> {
  readonly #create: (length: number) => Values;
  readonly #width: number;
  readonly #chunks: Values[] = [];

  /** @param width values per row */
  constructor(create: (length: number) => Values, width = 1) {
    this.#create = create;
    this.#width = width;
  }

  /** Makes room for this row and all rows before it. To be called before the row is first written. */
  reach(row: number): void {
    while (this.#chunks.length <= row >>> CHUNK_BITS)
      this.#chunks.push(this.#create(ROWS_OF_A_CHUNK * this.#width));
  }

  /** The array with the row's values, which begin at index {@link at}. */
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

/** Stands for "no row". Row 0 is never given out. */
export const NO_ROW = 0;

/** Gives out row numbers from 1 on. A number that was given back is given out again first, so that rows stay dense. */
export class RowNumbers {
  /** The free numbers are a stack in a column: for each free number, the one below it. */
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

/** Rows in rings: doubly linked lists without an end. Every row is in exactly one ring. Joining and leaving take constant time. */
export class RowRings {
  readonly #next = new Column((length) => new Int32Array(length));
  readonly #previous = new Column((length) => new Int32Array(length));

  /** Puts a new row into a ring of its own. What a former row of this number was linked to does not matter. */
  begin(row: number): void {
    this.#next.reach(row);
    this.#previous.reach(row);
    this.#tie(row, row);
  }

  /** Moves a row from a ring of its own into the ring of `before`, in the place before that row. */
  join(row: number, before: number): void {
    this.#tie(this.#previous.get(before), row);
    this.#tie(row, before);
  }

  /** Moves a row into a ring of its own. */
  leave(row: number): void {
    this.#tie(this.#previous.get(row), this.#next.get(row));
    this.#tie(row, row);
  }

  /** The row behind this one: the row itself, if it is alone. */
  next(row: number): number {
    return this.#next.get(row);
  }

  #tie(row: number, next: number): void {
    this.#next.set(row, next);
    this.#previous.set(next, row);
  }
}
