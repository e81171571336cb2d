import { SECOND_MS } from '../../core/basics/clock.ts';

/** How many pages of audits are asked for at the same time, of all relays together. */
const AT_ONCE = 2;
/** A page that takes longer gives its place to another, in milliseconds. So a relay that answers slowly holds up no other one. */
const LONGEST_MS = SECOND_MS;

/**
 * Lets a few pages of audits run at the same time, in the order in which they came. After a standstill all relays are audited, and their
 * events must not come all at once. Relays take turns page by page, so the long audit of one relay delays no other one.
 */
export class AuditPlaces {
  #free = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  /** Does the work when there is a place. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const place = this.#place();
    try {
      return await work();
    } finally {
      place.leave();
    }
  }

  /** A place that is taken, until it is left or the time for it is over. */
  #place(): { leave: () => void } {
    let isTaken = true;
    const leave = (): void => {
      clearTimeout(timer);
      if (isTaken) this.#next();
      isTaken = false;
    };
    const timer = setTimeout(leave, LONGEST_MS);
    return { leave };
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
