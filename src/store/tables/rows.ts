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
