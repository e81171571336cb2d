import { hash, randomBytes } from 'node:crypto';

import { MINUTE_MS, type Clock } from '../core/basics/clock.ts';

/**
 * Each name has four slots, one in each row. The least spent of the four is the name's debt. With 65 536 slots in a row, even 20 000 new
 * names a second almost never spend all four slots of another name. The table always has 2 MB.
 */
const ROWS = 4;
const SLOTS = 65_536;

export interface RateLimitOptions {
  /** Requests a minute in the long run. */
  readonly perMinute: number;
  /** Requests at once after a quiet time. */
  readonly burst: number;
  /** Monotonic, in milliseconds. */
  readonly clock: Clock;
}

/** An allowance that a request uses. */
export interface Allowance {
  readonly name: string;
  /** A multiple of the plain allowance. A network of many addresses has more than one. */
  readonly times: number;
}

/**
 * A rate limit for any number of names, in constant memory. The generic cell rate algorithm needs one time for each name; a count-min
 * sketch with conservative update keeps these times. Two names that share all four slots share an allowance. In a bounded cache other
 * names could push a name out and so reset its debt; here that is impossible. The names are not stored, and a secret of the process
 * decides which names share slots.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #costMs: number;
  readonly #toleranceMs: number;
  /** The time until which each slot's allowance is used up. */
  readonly #spentUntil = new Float64Array(ROWS * SLOTS);
  readonly #salt = randomBytes(32).toString('base64');

  constructor({ perMinute, burst, clock }: RateLimitOptions) {
    this.#clock = clock;
    this.#costMs = MINUTE_MS / perMinute;
    this.#toleranceMs = burst * this.#costMs;
  }

  /**
   * Takes one request from each of these allowances, or from none of them.
   *
   * @returns 0 if it was taken, otherwise the milliseconds until every allowance has enough
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
    // Less than a thousandth of a millisecond is a rounding error.
    if (waitMs > 1e-3) return waitMs;
    for (const { slots, thenUntil } of charges) {
      for (const slot of slots) {
        this.#spentUntil[slot] = Math.max(this.#spentUntil[slot] as number, thenUntil);
      }
    }
    return 0;
  }

  #slotsOf(name: string): number[] {
    // A string of one character for each byte: Node makes it five times as fast as a buffer.
    const digest = hash('sha256', this.#salt + name, 'binary');
    const slots: number[] = [];
    for (let row = 0; row < ROWS; row++) {
      slots.push(row * SLOTS + ((digest.charCodeAt(row * 2) << 8) | digest.charCodeAt(row * 2 + 1)));
    }
    return slots;
  }
}
