import { SECOND_MS, type Clock } from './clock.ts';

export interface TokenBucketOptions {
  /** What may be spent at once after a quiet time. */
  readonly burst: number;
  /** What may be spent in the long run. */
  readonly perSecond: number;
  readonly clock: Clock;
}

/** An allowance that fills by itself. It may be overdrawn: the overdraft says how long to wait. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.clock();
  }

  /** @returns how long, in milliseconds, until what was spent is earned; 0 while there is something left */
  spend(amount: number): number {
    const { burst, clock, perSecond } = this.#options;
    const now = clock();
    // A clock that was set back earns nothing and costs nothing.
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(burst, this.#tokens + (elapsed * perSecond) / SECOND_MS) - amount;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * SECOND_MS) / perSecond;
  }
}
