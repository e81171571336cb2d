/** Random numbers that depend on the seed alone (mulberry32), so that every run draws the same market. */
export class Chance {
  // In an array: a variable would allocate a new number at each draw, because the state has more than 31 bits.
  readonly #state: Int32Array;

  constructor(seed: number) {
    this.#state = Int32Array.of(seed);
  }

  /** From 0 to 1, without 1. */
  uniform(): number {
    const now = ((this.#state[0] as number) + 0x6d2b79f5) | 0;
    this.#state[0] = now;
    let mixed = Math.imul(now ^ (now >>> 15), 1 | now);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** @param sigma of the logarithm */
  logNormal(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.uniform()));
  }

  poisson(mean: number): number {
    let count = -1;
    for (let left = mean; left >= 0; count++) left -= this.exponential(1);
    return count;
  }

  /** Draws from a list of shares that add up to one. @returns the place in the list */
  choice(shares: readonly number[]): number {
    let left = this.uniform();
    const at = shares.findIndex((share) => (left -= share) < 0);
    return at < 0 ? shares.length - 1 : at;
  }
}
