export interface BackoffOptions {
  /** The bound of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** The bound of every wait's random part, in milliseconds. */
  readonly maxMs: number;
  /** What every wait has before chance is added, in milliseconds; 0 unless given. */
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
    // Beyond 2^30 the bound has long been reached; stopping keeps the power finite.
    this.#failures = Math.min(this.#failures + 1, 30);
    return (this.#options.minMs ?? 0) + this.#random() * bound;
  }

  /** Called when the other side has proved itself, not merely let us in. */
  reset(): void {
    this.#failures = 0;
  }
}
