import { MINUTE_MS, SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import { NAME_BYTES } from '../engine/names.ts';

/** So many claims are remembered. */
const MOST = 200_000;
/** The ring grows by so many. */
const STEP = 4096;
/** An engine that lost its last writes lost no older ones than these. */
export const DOUBTFUL_MS = MINUTE_MS;

/** The claims that have ended here in one way: the latest ones. The engine is told of them again when it has lost something. */
export class ClaimRing {
  readonly #monotonic: Clock;
  readonly #most: number;
  #ring = Buffer.alloc(STEP * NAME_BYTES);
  /** How many were ever noted. */
  #count = 0;
  /** How many there were at a moment, once a second for the last minute. */
  readonly #marks: { readonly at: number; readonly count: number }[] = [];

  /** @param most how many are remembered */
  constructor(monotonic: Clock, most = MOST) {
    this.#monotonic = monotonic;
    this.#most = most;
  }

  note(claim: Buffer): void {
    const now = this.#monotonic();
    const last = this.#marks.at(-1);
    if (last === undefined || now - last.at >= SECOND_MS) {
      this.#marks.push({ at: now, count: this.#count });
      if (this.#marks.length > DOUBTFUL_MS / SECOND_MS) this.#marks.shift();
    }
    const place = this.#count % this.#most;
    if (place * NAME_BYTES === this.#ring.length)
      this.#ring = Buffer.concat([this.#ring, Buffer.alloc(this.#growth)]);
    claim.copy(this.#ring, place * NAME_BYTES);
    this.#count++;
  }

  /** All that are remembered, as names of 16 bytes each, in pieces. @param atOnce the number of names in a piece */
  all(atOnce: number): Generator<Buffer> {
    return this.#since(0, atOnce);
  }

  /** Those of the last minute. */
  recent(atOnce: number): Generator<Buffer> {
    const from = this.#monotonic() - DOUBTFUL_MS - SECOND_MS;
    const mark = this.#marks.find(({ at }) => at >= from);
    return this.#since(mark?.count ?? this.#count, atOnce);
  }

  get #growth(): number {
    return Math.min(this.#ring.length, this.#most * NAME_BYTES - this.#ring.length);
  }

  *#since(first: number, atOnce: number): Generator<Buffer> {
    let from = Math.max(first, this.#count - this.#most);
    while (from < this.#count) {
      const place = from % this.#most;
      const number = Math.min(atOnce, this.#count - from, this.#most - place);
      // A copy: the ring goes on turning.
      yield Buffer.from(this.#ring.subarray(place * NAME_BYTES, (place + number) * NAME_BYTES));
      from += number;
      from = Math.max(from, this.#count - this.#most);
    }
  }
}
