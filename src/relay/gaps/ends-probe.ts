/** How many seconds are added at each end of a page's filter. */
export interface Ends {
  readonly since: number;
  readonly until: number;
}

/** NIP-01 includes both ends. Some relays exclude one or both. */
const POSSIBLE: readonly [Ends, ...Ends[]] = [
  { since: 0, until: 0 },
  { since: 0, until: 1 },
  { since: 1, until: 0 },
  { since: 1, until: 1 },
];

/** Finds out whether a relay includes the seconds `since` and `until` themselves. It asks for one second with a known event in up to four ways. */
export class EndsProbe {
  #at = 0;

  get ends(): Ends {
    return POSSIBLE[this.#at] ?? POSSIBLE[0];
  }

  /** The page was empty: tries the next way. @returns whether there is one */
  goOn(): boolean {
    return ++this.#at < POSSIBLE.length;
  }
}
