type Numbers = Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Records in one chunk: a power of two. A chunk is the most that is allocated at once, and is never moved. */
const CHUNK_BITS = 14;
const RECORDS_OF_A_CHUNK = 2 ** CHUNK_BITS;
const WITHIN_CHUNK = RECORDS_OF_A_CHUNK - 1;

/** One field of numbered records, in typed arrays that never move: it grows by whole chunks, without a pause to copy. */
export class Column<Values extends Numbers> {
  readonly #create: (length: number) => Values;
  readonly #width: number;
  readonly #chunks: Values[] = [];

  /** @param width how many values a record has */
  constructor(create: (length: number) => Values, width = 1) {
    this.#create = create;
    this.#width = width;
  }

  /** Makes room for this record and all before it. */
  reach(record: number): void {
    while (this.#chunks.length <= record >>> CHUNK_BITS)
      this.#chunks.push(this.#create(RECORDS_OF_A_CHUNK * this.#width));
  }

  /** The array that the record's values are in, from {@link at} on. */
  chunk(record: number): Values {
    return this.#chunks[record >>> CHUNK_BITS] as Values;
  }

  at(record: number): number {
    return (record & WITHIN_CHUNK) * this.#width;
  }

  /** The first value of the record. */
  get(record: number): number {
    return this.chunk(record)[this.at(record)] as number;
  }

  set(record: number, value: number): void {
    this.chunk(record)[this.at(record)] = value;
  }
}
