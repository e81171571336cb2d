import { DAY_MS, HOUR_MS, type Clock } from '../../core/basics/clock.ts';

const MIB = 1024 * 1024;
/** Bytes that rewrites may write in an hour to remove deleted records. A smaller file may be rewritten at every sweep. */
const BYTES_AN_HOUR = 64 * MIB;
/** Deleted records leave the file within this time, however large it is. */
const LONGEST_MS = DAY_MS;
/** A file is rewritten when it has grown by this factor, and by the least growth. */
const GROWTH = 2;
const LEAST_GROWTH_BYTES = 16 * MIB;

/** Decides when a store's file is rewritten, for two reasons: deleted records must leave it, and it must not grow for ever. */
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

  /** The file has a record that must not stay: it was deleted, replaced or has expired. */
  noteGarbage(): void {
    this.#hasGarbage = true;
  }

  /** A rewrite begins: the new file has no outdated record, except those that become so meanwhile. */
  noteBegin(): void {
    this.#hasGarbage = false;
  }

  /** A rewrite has ended, or a file was opened. @param size in bytes */
  noteEnd(size: number): void {
    this.#rewrittenAt = this.#clock();
    this.#sizeThen = size;
  }

  hasOutgrown(size: number): boolean {
    return size > LEAST_GROWTH_BYTES + GROWTH * this.#sizeThen;
  }

  /** Whether it is time to rewrite the file for its outdated records. @param cost bytes that the rewrite would write */
  isDue(cost: number): boolean {
    const restMs = Math.min(LONGEST_MS, (Math.max(0, cost - BYTES_AN_HOUR) / BYTES_AN_HOUR) * HOUR_MS);
    const sinceMs = this.#clock() - this.#rewrittenAt;
    // A negative time: the clock was set back.
    return this.#hasGarbage && (sinceMs >= restMs || sinceMs < 0);
  }
}
