/** A stretch of time that one page asks for. The ends are unix seconds and included; `until` may be infinite. */
export class GapSlice {
  readonly since: number;
  readonly until: number;
  /** Events of the slice that the relay has given before, by id, each with its second. It has to give them again. */
  readonly known: ReadonlyMap<string, number>;
  /** How often the connection ended while the slice was asked for. */
  losses = 0;
  /** Whether the slice is asked for with the relay's highest limit, because it is a single second that fills a page. */
  isWide = false;
  /** The events of a page that lacked a known event. If the same events come once more, the relay no longer has the known event. */
  contradiction: ReadonlyMap<string, number> | undefined;
  /** How many events the slice's last page with the usual limit had. */
  usual = 0;

  // The current page.
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

  /** The parts of a stretch of time that remain without these seconds, newest part last. */
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

  /** The events of this slice in the current page, by id. */
  get given(): ReadonlyMap<string, number> {
    return this.#given;
  }

  /** How many events the current page has, those of other times included. A relay's limit applies to this number. */
  get total(): number {
    return this.#total;
  }

  /** How many events of the current page are too new. A relay that applies `until` gives none. */
  get newer(): number {
    return this.#newer;
  }

  /** How many events of the current page are too old. A relay that applies `since` gives none. */
  get older(): number {
    return this.#older;
  }

  /**
   * @param since where the page's filter begins, in unix seconds. It is before the slice if the relay excludes the first second
   * @param until where the filter ends, likewise
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
    // Relays sort such a time in different ways, so it says nothing about the relay.
    if (!Number.isSafeInteger(createdAt)) return;
    if (createdAt > this.#asked.until) this.#newer++;
    if (createdAt < this.#asked.since) this.#older++;
    if (createdAt >= this.since && createdAt <= this.until) this.#given.set(id, createdAt);
  }

  /** The seconds of the known events that the current page lacks. */
  lacking(): number[] {
    return [...this.known].filter(([id]) => !this.#given.has(id)).map(([, second]) => second);
  }

  /**
   * Cuts the slice at the middle one of its events, or at the middle of its time. Oldest part first.
   *
   * @param top the newest second that may hold events, if the slice has no end
   * @returns `undefined` if the slice is a single second
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

  /** Cuts the slice at the middle of its time. Oldest part first. @param top the newest second that may hold events, at most `until` */
  halvesOfTime(top: number): readonly [GapSlice, GapSlice] {
    return this.#splitAfter(Math.floor((this.since + top) / 2), new Map([...this.known, ...this.#given]));
  }

  #splitAfter(second: number, all: ReadonlyMap<string, number>): readonly [GapSlice, GapSlice] {
    return [GapSlice.#of(this.since, second, all), GapSlice.#of(second + 1, this.until, all)];
  }

  /** @param all known events; those within the slice are kept */
  static #of(since: number, until: number, all: ReadonlyMap<string, number>): GapSlice {
    return new GapSlice(since, until, new Map([...all].filter(([, at]) => at >= since && at <= until)));
  }
}
