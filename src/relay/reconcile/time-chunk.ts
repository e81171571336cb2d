import { addId, addSum, SUM_WORDS } from './id-sum.ts';

/** The seconds of a chunk: a power of two. */
export const CHUNK_SECONDS = 1024;
/** The most events of a chunk: 64 a second. Further events are not remembered, and a reconciliation then asks for them again. */
const MOST_EVENTS = 65_536;
const MARK_WORDS = 2;
const FIRST_SUMS = 4;
const FIRST_MARKS = 16;

/** Two odd numbers, chosen at random. They spread the marks, so that nobody can publish ids that all fall on the same place. */
export interface MarkSpread {
  readonly first: number;
  readonly second: number;
}

/**
 * The known events of 1024 seconds. Of each second it keeps the sum of the ids, which a fingerprint needs, and of each event the first 64
 * bits of its id as a mark, which tells whether a listed id is known. Whoever wants to hide an event behind a known mark has to find an
 * id with the same 64 bits, and publish it first.
 */
export class TimeChunk {
  /** Which sum belongs to a second; -1 for a second without events. */
  readonly #sumOf = new Int16Array(CHUNK_SECONDS).fill(-1);
  #sums = new Uint32Array(FIRST_SUMS * SUM_WORDS);
  #sumCount = 0;
  /** A hash table with open addressing. A place that is free holds zeros. */
  #marks = new Uint32Array(FIRST_MARKS * MARK_WORDS);
  #count = 0;
  /** What the chunk takes, in bytes. */
  bytes = this.#sumOf.byteLength + this.#sums.byteLength + this.#marks.byteLength;
  readonly #spread: MarkSpread;

  constructor(spread: MarkSpread) {
    this.#spread = spread;
  }

  get count(): number {
    return this.#count;
  }

  /** @param second since the chunk's first second */
  note(second: number, words: Uint32Array): void {
    const [high, low] = [words[0] as number, lowOf(words)];
    const place = this.#placeOf(high, low);
    if (place < 0 || this.#count >= MOST_EVENTS) return;
    this.#marks[place] = high;
    this.#marks[place + 1] = low;
    // At most three quarters full.
    if (++this.#count * MARK_WORDS * 4 > this.#marks.length * 3) this.#growMarks();
    // First, since it may replace the sums.
    const at = this.#sumAt(second);
    addId(this.#sums, at, words);
  }

  /** @returns where the sum of the second begins */
  #sumAt(second: number): number {
    const known = this.#sumOf[second] as number;
    if (known >= 0) return known * SUM_WORDS;
    const at = this.#sumCount * SUM_WORDS;
    this.#sumOf[second] = this.#sumCount++;
    if (at === this.#sums.length) {
      this.bytes += this.#sums.byteLength;
      this.#sums = doubled(this.#sums);
    }
    return at;
  }

  holds(words: Uint32Array): boolean {
    return this.#placeOf(words[0] as number, lowOf(words)) < 0;
  }

  /** Adds the ids of one second to a sum. @returns how many they are */
  addTo(sum: Uint32Array, second: number): number {
    const from = this.#sumOf[second] as number;
    return from < 0 ? 0 : addSum(sum, 0, this.#sums, from * SUM_WORDS);
  }

  /** @returns where a free place for the mark begins; -1 if the mark is there */
  #placeOf(high: number, low: number): number {
    const marks = this.#marks;
    const spread = Math.imul(high, this.#spread.first) + Math.imul(low, this.#spread.second);
    const end = marks.length;
    // The upper bits of the product are spread best.
    let at = ((spread >>> 8) * MARK_WORDS) & (end - 1);
    for (;;) {
      const [one, two] = [marks[at] as number, marks[at + 1] as number];
      if (one === high && two === low) return -1;
      if (one === 0 && two === 0) return at;
      at = (at + MARK_WORDS) & (end - 1);
    }
  }

  #growMarks(): void {
    const old = this.#marks;
    this.bytes += old.byteLength;
    this.#marks = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += MARK_WORDS) {
      const [high, low] = [old[at] as number, old[at + 1] as number];
      if (high === 0 && low === 0) continue;
      const place = this.#placeOf(high, low);
      this.#marks[place] = high;
      this.#marks[place + 1] = low;
    }
  }
}

/** A mark is never zero. */
function lowOf(words: Uint32Array): number {
  return words[0] === 0 && words[1] === 0 ? 1 : (words[1] as number);
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(2 * words.length);
  more.set(words);
  return more;
}
