import { DAY_MS, HOUR_MS, type Clock } from '../../core/basics/clock.ts';

const MIB = 1024 * 1024;
/** What may be written anew in an hour for the sake of what has been deleted: smaller files are at every sweep. */
const BYTES_AN_HOUR = 64 * MIB;
/** Within this what was deleted is gone from the file, however large it is. */
const LONGEST_MS = DAY_MS;
/** A file that has grown by this factor is written anew, if it is worth the while. */
const GROWTH = 2;
const LEAST_GROWTH_BYTES = 16 * MIB;

/** When the file of a store is written anew: so that what was deleted is gone from it, and it does not grow for ever. */
export class RewritePolicy {
  readonly #clock: Clock;
  #rewrittenAt: number;
  #sizeThen = 0;
  #hasGarbage = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#rewrittenAt = -Infinity;
  }

  get hasGarbage(): boolean {
    return this.#hasGarbage;
  }

  /** Something in the file is no longer to be there. */
  noteGarbage(): void {
    this.#hasGarbage = true;
  }

  /** The file is being written anew, with nothing in it that is not to be. */
  noteBegin(): void {
    this.#hasGarbage = false;
  }

  /** @param size in bytes */
  noteEnd(size: number): void {
    this.#rewrittenAt = this.#clock();
    this.#sizeThen = size;
  }

  hasOutgrown(size: number): boolean {
    return size > LEAST_GROWTH_BYTES + GROWTH * this.#sizeThen;
  }

  /** Whether what was deleted is to leave the file now. @param cost what would be written, in bytes */
  isDue(cost: number): boolean {
    const restMs = Math.min(LONGEST_MS, (Math.max(0, cost - BYTES_AN_HOUR) / BYTES_AN_HOUR) * HOUR_MS);
    const sinceMs = this.#clock() - this.#rewrittenAt;
    // Also where the clock was set back.
    return this.#hasGarbage && (sinceMs >= restMs || sinceMs < 0);
  }
}
