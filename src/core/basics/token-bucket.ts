import { SECOND_MS, type Clock } from './clock.ts';

export interface TokenBucketOptions {
  /** The most that can be spent at once, after a quiet time. */
  readonly burst: number;
  /** What can be spent per second in the long run. */
  readonly perSecond: number;
  readonly clock: Clock;
}

/** An allowance that refills over time. It can be overdrawn, and the caller must then wait until the overdraft is refilled. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.clock();
  }

  /** @returns how long until the overdraft is refilled, in milliseconds; 0 if there is none */
  spend(amount: number): number {
    const { burst, clock, perSecond } = this.#options;
    const now = clock();
    // If the clock was set back, nothing is refilled and nothing is taken.
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(burst, this.#tokens + (elapsed * perSecond) / SECOND_MS) - amount;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * SECOND_MS) / perSecond;
  }
}
