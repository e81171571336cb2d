import { hash, randomBytes } from 'node:crypto';

import { MINUTE_MS, type Clock } from '../core/basics/clock.ts';

/**
 * Four slots stand for a name, one in each row; the least spent of them is what is known of it. With 65 536 in a row,
 * 20 000 fresh names a second leave a stranger's four all spent about never; the table is 2 MB whatever comes.
 */
const ROWS = 4;
const SLOTS = 65_536;

export interface RateLimitOptions {
  /** What may be spent in the long run. */
  readonly perMinute: number;
  /** What may be spent at once after a quiet time. */
  readonly burst: number;
  /** Milliseconds, from any beginning on; never set back. */
  readonly clock: Clock;
}

/** Whose allowance a request is taken from. */
export interface Allowance {
  readonly name: string;
  /** How many times the plain allowance it has: a network of many addresses has more than one. */
  readonly times: number;
}

/**
 * A limit for each of any number of names, in constant memory: the generic cell rate algorithm, which needs one time for a
 * name, kept in a count-min sketch with conservative update. Names that meet in all four slots share an allowance; nobody
 * can be pushed out by others, as from a bounded cache, and so get a new one. The names themselves are not kept, and which
 * of them meet is the secret of the process.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #costMs: number;
  readonly #toleranceMs: number;
  /** The time until which each slot is spent. */
  readonly #spentUntil = new Float64Array(ROWS * SLOTS);
  readonly #salt = randomBytes(32).toString('base64');

  constructor({ perMinute, burst, clock }: RateLimitOptions) {
    this.#clock = clock;
    this.#costMs = MINUTE_MS / perMinute;
    this.#toleranceMs = burst * this.#costMs;
  }

  /**
   * Takes one request from every one of these allowances, or from none.
   *
   * @returns 0, or the milliseconds until there is enough in each
   */
  take(...allowances: readonly Allowance[]): number {
    const now = this.#clock();
    let waitMs = 0;
    const charges = allowances.map(({ name, times }) => {
      const slots = this.#slotsOf(name);
      let spentUntil = Infinity;
      for (const slot of slots) spentUntil = Math.min(spentUntil, this.#spentUntil[slot] as number);
      const thenUntil = Math.max(spentUntil, now) + this.#costMs / times;
      waitMs = Math.max(waitMs, thenUntil - now - this.#toleranceMs);
      return { slots, thenUntil };
    });
    // A thousandth of a millisecond is the error of the sums, not a debt.
    if (waitMs > 1e-3) return waitMs;
    for (const { slots, thenUntil } of charges) {
      for (const slot of slots) {
        this.#spentUntil[slot] = Math.max(this.#spentUntil[slot] as number, thenUntil);
      }
    }
    return 0;
  }

  #slotsOf(name: string): number[] {
    // As text of one character a byte: Node makes it five times as fast as a buffer.
    const digest = hash('sha256', this.#salt + name, 'binary');
    const slots: number[] = [];
    for (let row = 0; row < ROWS; row++) {
      slots.push(row * SLOTS + ((digest.charCodeAt(row * 2) << 8) | digest.charCodeAt(row * 2 + 1)));
    }
    return slots;
  }
}
