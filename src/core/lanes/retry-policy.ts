import { DAY_MS, MINUTE_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';

/** No wait's random part grows beyond this, in milliseconds. */
const MAX_JITTER_MS = MINUTE_MS;
/** Nor is any wait longer, whatever a push service asks for: a timer that is set for months ends at once. */
const MAX_WAIT_MS = DAY_MS;
/** How much longer than after a failure the wait is when a push service says "too many" and not for how long (contract 5: 60 s and 1 s). */
const THROTTLED_FACTOR = 60;
/** In the same measure: a device that is owed a wake is tried after a minute, then ever more seldom, but once an hour. */
const OWED_FACTOR = 60;
const OWED_GROWTH = 60;

export interface RetryPolicyOptions {
  /** `RETRY_MIN_MS`: the least wait after a failure. */
  readonly minMs: number;
  /** `RETRY_BASE_MS`: the bound of the first wait's random part; it doubles with every failure. */
  readonly baseMs: number;
  readonly random?: () => number;
}

/** How long to wait before a wake is tried again: minimum + random(0, base × 2ⁿ), or from the `Retry-After` on (contract 5). */
export class RetryPolicy {
  readonly #options: RetryPolicyOptions;

  constructor(options: RetryPolicyOptions) {
    this.#options = options;
  }

  /** @param failures how often this wake has failed before @returns milliseconds */
  waitMs(delivery: Extract<Delivery, { outcome: 'retry' }>, failures: number): number {
    const { baseMs, minMs, random = Math.random } = this.#options;
    const least = delivery.throttled === true ? minMs * THROTTLED_FACTOR : minMs;
    const jitter = random() * Math.min(MAX_JITTER_MS, baseMs * 2 ** Math.min(failures, 30));
    return Math.min(MAX_WAIT_MS, Math.max(delivery.afterMs ?? least, minMs)) + jitter;
  }

  /**
   * How long a device waits that is owed a wake and that its lane, though it works, could not give it: a minute, doubling to an
   * hour, and some chance.
   *
   * @param timesOwed how often it was owed before
   */
  owedMs(timesOwed: number): number {
    const { minMs, random = Math.random } = this.#options;
    const leastMs = minMs * OWED_FACTOR * Math.min(OWED_GROWTH, 2 ** Math.min(timesOwed, 30));
    return leastMs * (1 + random() / 2);
  }

  /** The pause of a lane that is throttled as a whole and was not told for how long. */
  get throttledMs(): number {
    return this.#options.minMs * THROTTLED_FACTOR;
  }
}
