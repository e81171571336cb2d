/** A stretch of time that is asked for whole: unix seconds, both ends included; `until` may be infinite. */
export class GapSlice {
  readonly since: number;
  readonly until: number;
  /** The events that the relay has given of it before, by id, each with its second: it has to give them again. */
  readonly known: ReadonlyMap<string, number>;
  /** How often the connection ended while this was asked for. */
  losses = 0;
  /** Whether it is asked for with the relay's highest limit: a single second that fills a page. */
  isWide = false;
  /** What the relay gave of it where that lacked something known: the same once more means that it has forgotten that. */
  contradiction: ReadonlyMap<string, number> | undefined;
  /** How many events the last page had that was asked for with the usual limit. */
  usual = 0;

  // The page under way.
  #given = new Map<string, number>();
  #total = 0;
  #newer = 0;
  #older = 0;
  #asked = { since: -Infinity, until: Infinity };

  constructor(since: number, until: number, known: ReadonlyMap<string, number> = new Map()) {
    this.since = since;
    this.until = until;
    this.known = known;
  }

  /** The stretch of time without these seconds, newest part last. */
  static around(
    since: number,
    until: number,
    seconds: readonly number[],
    known: ReadonlyMap<string, number>,
  ): GapSlice[] {
    const parts: GapSlice[] = [];
    let rest = GapSlice.#of(since, until, known);
    for (const second of [...new Set(seconds)].toSorted((a, b) => a - b)) {
      if (second < rest.since || second > rest.until) continue;
      if (second > rest.since) parts.push(GapSlice.#of(rest.since, second - 1, known));
      rest = GapSlice.#of(second + 1, until, known);
    }
    return rest.since <= until ? [...parts, rest] : parts;
  }

  /** What the page under way has of this slice, by id. */
  get given(): ReadonlyMap<string, number> {
    return this.#given;
  }

  /** How many events the page under way has, of other times too: what a relay's limit applies to. */
  get total(): number {
    return this.#total;
  }

  /** How many events the page under way has that are too new: a relay that heeds `until` gives none. */
  get newer(): number {
    return this.#newer;
  }

  /** The same of those that are too old: a relay that heeds `since` gives none. */
  get older(): number {
    return this.#older;
  }

  /**
   * @param since where the page's filter begins, in unix seconds: before the slice where the relay excludes that second
   * @param until where it ends, likewise
   */
  beginPage(since = this.since, until = this.until): void {
    this.#given = new Map();
    this.#total = 0;
    this.#newer = 0;
    this.#older = 0;
    this.#asked = { since, until };
  }

  /** An event of the page was too long to be read. */
  leaveOut(): void {
    this.#total++;
  }

  take(createdAt: number, id: string): void {
    this.#total++;
    // Relays sort such a time each in its own way: it is no ground to judge them by.
    if (!Number.isSafeInteger(createdAt)) return;
    if (createdAt > this.#asked.until) this.#newer++;
    if (createdAt < this.#asked.since) this.#older++;
    if (createdAt >= this.since && createdAt <= this.until) this.#given.set(id, createdAt);
  }

  /** The seconds of the events that are known and that the page under way lacks. */
  lacking(): number[] {
    return [...this.known].filter(([id]) => !this.#given.has(id)).map(([, second]) => second);
  }

  /**
   * The two parts of it around the middle one of its events, or of its time, oldest part first.
   *
   * @param top the newest second in question where the slice has no end
   * @returns `undefined` where it is a single second
   */
  halves(top: number): readonly [GapSlice, GapSlice] | undefined {
    const { since, until } = this;
    if (since === until) return undefined;
    const all = new Map([...this.known, ...this.#given]);
    const seconds = [...all.values()].toSorted((a, b) => a - b);
    const middle =
      seconds[seconds.length >> 1] ?? (until === Infinity ? top : Math.floor((since + until) / 2));
    return this.#splitAfter(Math.max(since, Math.min(middle, until - 1)), all);
  }

  /** The two parts of it around its middle, oldest part first. @param top the newest second in question, at most `until` */
  halvesOfTime(top: number): readonly [GapSlice, GapSlice] {
    return this.#splitAfter(Math.floor((this.since + top) / 2), new Map([...this.known, ...this.#given]));
  }

  #splitAfter(second: number, all: ReadonlyMap<string, number>): readonly [GapSlice, GapSlice] {
    return [GapSlice.#of(this.since, second, all), GapSlice.#of(second + 1, this.until, all)];
  }

  /** @param all of which it takes what lies in it */
  static #of(since: number, until: number, all: ReadonlyMap<string, number>): GapSlice {
    return new GapSlice(since, until, new Map([...all].filter(([, at]) => at >= since && at <= until)));
  }
}
