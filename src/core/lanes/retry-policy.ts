import { DAY_MS, MINUTE_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';

/** The longest random part of a wait. */
const MAX_JITTER_MS = MINUTE_MS;
/** The longest wait that a push service can ask for. Node fires a timer of more than 24 days at once. */
const MAX_WAIT_MS = DAY_MS;
/** The wait after a "too many" without `Retry-After`, as a multiple of `minMs` (contract 5: 60 s and 1 s). */
const THROTTLED_FACTOR = 60;
/** The first wait of a device that is owed a wake, as a multiple of `minMs`: a minute by default. */
const OWED_FACTOR = 60;
/** The longest wait of such a device, as a multiple of the first: an hour by default. */
const OWED_GROWTH = 60;

export interface RetryPolicyOptions {
  /** `RETRY_MIN_MS`: the least wait after a failure. */
  readonly minMs: number;
  /** `RETRY_BASE_MS`: the random part of the first wait is shorter than this. The bound doubles with each failure. */
  readonly baseMs: number;
}

/** How long a wake waits before it is tried again (contract 5): minimum + random(0, base × 2ⁿ); a `Retry-After` takes the place of the minimum. */
export class RetryPolicy {
  readonly #options: RetryPolicyOptions;
  readonly #random: () => number;

  /** @param random uniform in [0, 1), as `Math.random` */
  constructor(options: RetryPolicyOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** @param failures how often this wake has failed before @returns milliseconds */
  waitMs(delivery: Extract<Delivery, { outcome: 'retry' }>, failures: number): number {
    const { baseMs, minMs } = this.#options;
    const least = delivery.throttled === true ? minMs * THROTTLED_FACTOR : minMs;
    const jitter = this.#random() * Math.min(MAX_JITTER_MS, baseMs * 2 ** Math.min(failures, 30));
    return Math.min(MAX_WAIT_MS, Math.max(delivery.afterMs ?? least, minMs)) + jitter;
  }

  /**
   * How long a device waits for the wake that it is owed, if its lane works: a minute, doubling to an hour, and up to half as much by
   * chance.
   *
   * @param timesOwed how often the wake was owed before
   */
  owedMs(timesOwed: number): number {
    const leastMs = this.#options.minMs * OWED_FACTOR * Math.min(OWED_GROWTH, 2 ** Math.min(timesOwed, 30));
    return leastMs * (1 + this.#random() / 2);
  }

  /** The pause of a lane that was told "too many" without a `Retry-After`. */
  get throttledMs(): number {
    return this.#options.minMs * THROTTLED_FACTOR;
  }
}
