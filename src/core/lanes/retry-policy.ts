import { DAY_MS, MINUTE_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';

/** The random part of a wait is never longer, in milliseconds. */
const MAX_JITTER_MS = MINUTE_MS;
/** No wait is longer, whatever a push service asks for. Node ends a timer at once that is set for more than 24 days. */
const MAX_WAIT_MS = DAY_MS;
/** How many times the wait of a failure a wake waits after a "too many" without `Retry-After` (contract 5: 60 s and 1 s). */
const THROTTLED_FACTOR = 60;
/** In the same unit: a device that is owed a wake is tried after a minute. The wait doubles each time, up to `OWED_GROWTH` minutes, an hour. */
const OWED_FACTOR = 60;
const OWED_GROWTH = 60;

export interface RetryPolicyOptions {
  /** `RETRY_MIN_MS`: the least wait after a failure. */
  readonly minMs: number;
  /** `RETRY_BASE_MS`: the random part of the first wait is shorter than this. The bound doubles with each failure. */
  readonly baseMs: number;
  readonly random?: () => number;
}

/** How long a wake waits before it is tried again (contract 5): minimum + random(0, base × 2ⁿ); a `Retry-After` takes the place of the minimum. */
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
   * How long a device waits for the wake that it is owed, if its lane works: a minute, doubling to an hour, and up to half as much by
   * chance.
   *
   * @param timesOwed how often the wake was owed before
   */
  owedMs(timesOwed: number): number {
    const { minMs, random = Math.random } = this.#options;
    const leastMs = minMs * OWED_FACTOR * Math.min(OWED_GROWTH, 2 ** Math.min(timesOwed, 30));
    return leastMs * (1 + random() / 2);
  }

  /** The pause of a lane that was told "too many" without a `Retry-After`. */
  get throttledMs(): number {
    return this.#options.minMs * THROTTLED_FACTOR;
  }
}
