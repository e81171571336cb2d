/** By how much a page is asked for wider than it is wanted, in seconds. */
export interface Ends {
  readonly since: number;
  readonly until: number;
}

/** NIP-01 includes both ends; relays that exclude one or both are known. */
const POSSIBLE: readonly [Ends, ...Ends[]] = [
  { since: 0, until: 0 },
  { since: 0, until: 1 },
  { since: 1, until: 0 },
  { since: 1, until: 1 },
];

/** Finds out whether a relay counts `since` and `until` in: a single second of which something is known is asked for in all four ways. */
export class EndsProbe {
  #at = 0;

  get ends(): Ends {
    return POSSIBLE[this.#at] ?? POSSIBLE[0];
  }

  /** The page was empty. @returns whether there is another way */
  goOn(): boolean {
    return ++this.#at < POSSIBLE.length;
  }
}
