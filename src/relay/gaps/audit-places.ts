/** How many audits run at the same time, of all relays together. A relay that answers slowly must not hold up every other one. */
const AT_ONCE = 2;

/** Lets a few audits run at the same time, in the order in which they came. */
export class AuditPlaces {
  #free = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  /** Does the work when there is a place. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
