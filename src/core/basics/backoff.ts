export interface BackoffOptions {
  /** The bound of the random part of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** The bound of every wait's random part, in milliseconds. */
  readonly maxMs: number;
  /** The least wait, to which the random part is added, in milliseconds; 0 if absent. */
  readonly minMs?: number;
}

/** Exponential backoff with full jitter: the n-th wait is min + uniform in [0, min(max, base × 2ⁿ)). */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** @param random uniform in [0, 1), as `Math.random` */
  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** The wait before the next try, in milliseconds. */
  next(): number {
    const bound = Math.min(this.#options.maxMs, this.#options.baseMs * 2 ** this.#failures);
    // At 2^30 `maxMs` has long been reached. The power must stay finite.
    this.#failures = Math.min(this.#failures + 1, 30);
    return (this.#options.minMs ?? 0) + this.#random() * bound;
  }

  /** Begins with the shortest wait again. To be called when the other side has worked for a while, not already when it has accepted a connection. */
  reset(): void {
    this.#failures = 0;
  }
}
