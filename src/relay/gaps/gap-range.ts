/** The most ids that are remembered of one second: some megabytes at worst. */
const MAX_KNOWN = 20_000;
/** If a page has so many events that are too new, the relay does not apply `until`. Fewer may have come live. */
const STRAYS_THAT_TELL = 10;

/**
 * An edge is the first or the last second of a range that was cut because of an event that ends connections. Some relays exclude the second
 * `since` of a filter, or `until`, or both. So an edge is asked for with a filter from the second before it, to the second after it, or both.
 */
export interface EdgeReach {
  /** Which end of a range it is; absent: these are two edges, at which two ranges meet. */
  readonly end?: 'since' | 'until';
  readonly before: number;
  readonly after: number;
}

/** A stretch of time that a recovery still has to ask for, in unix seconds, both ends included; `until` may be infinite. */
export class GapRange {
  readonly since: number;
  /** Moves back with each page. */
  until: number;
  /** If this is an edge, how its filter reaches beyond it. */
  readonly edge: EdgeReach | undefined;
  /** How often the connection ended while this range was asked for. */
  losses: number;
  /**
   * Whether the second `until` fills a page by itself. `asked`: the second was asked for with a higher limit. `helped`: the higher limit
   * brought more events.
   */
  wide: 'no' | 'asked' | 'helped' = 'no';
  /** How many events the previous page of this range had. */
  countBefore = 0;
  /** How many events the previous page asked for, and how many the current page asks for. */
  askedBefore = 0;
  asked = 0;
  /** The known ids of the second `until`, in which two pages overlap. */
  #known = new Set<string>();
  /** Whether one of these events has a time that is not a whole number, or too large to count down from. */
  #isOddKnown = false;

  // The current page.
  #count = 0;
  #fresh = 0;
  #oldest = Infinity;
  #idsOfOldest = new Set<string>();
  /** The last second that the filter includes. */
  #reach = Infinity;
  #strays = 0;
  #again = 0;
  #isOddOldest = false;
  #isOddStray = false;
  #last = Infinity;
  #isDescending = true;

  constructor(since: number, until: number, losses = 0, edge?: EdgeReach) {
    this.since = since;
    this.until = until;
    this.losses = losses;
    this.edge = edge;
  }

  /** How many events of this range the current page has. */
  get count(): number {
    return this.#count;
  }

  /** How many of these events are new. */
  get fresh(): number {
    return this.#fresh;
  }

  /** Whether all events of the current page are too new, and there are many: the relay does not apply `until`. */
  get isAstray(): boolean {
    return this.#count === 0 && this.#strays >= STRAYS_THAT_TELL;
  }

  /** The oldest second of the current page; infinite while the page is empty. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Whether the current page lacks the second in which it overlaps with the previous page, though events of that second are known. */
  get lacksOverlap(): boolean {
    return this.#known.size > 0 && !this.#isOddKnown && this.#again === 0;
  }

  /**
   * Whether the current page cannot hold the newest events before the previous page: it does not overlap with the previous page, or all of
   * its events are too new.
   */
  get isContradicted(): boolean {
    return this.lacksOverlap || (this.#count === 0 && this.#strays > 0 && !this.#isOddStray);
  }

  /** Whether the current page came newest first and has reached an older second than the previous page. Then all newer events have come. */
  get isNewestFirst(): boolean {
    return this.#isDescending && this.#oldest < this.until;
  }

  /** @param reach the last second that the page's filter includes */
  beginPage(reach = this.until): void {
    this.#reach = reach;
    this.#last = Infinity;
    this.#isDescending = true;
    this.#again = 0;
    this.#count = 0;
    this.#fresh = 0;
    this.#oldest = Infinity;
    this.#idsOfOldest = new Set();
    this.#strays = 0;
    this.#isOddStray = false;
  }

  /** @param isOdd whether the event's own time is not this second (it is not a whole number, or too large), so a relay may sort it differently */
  take(createdAt: number, id: string, isOdd = false): void {
    if (createdAt > this.until) {
      if (createdAt <= this.#reach) return;
      this.#strays++;
      this.#isOddStray ||= isOdd;
      return;
    }
    if (createdAt < this.since) return;
    if (createdAt > this.#last) this.#isDescending = false;
    this.#last = createdAt;
    this.#count++;
    const isKnown = createdAt === this.until && this.#known.has(id);
    if (isKnown) this.#again++;
    // A second with this many events may have no end. Further events of it do not count as new.
    if (createdAt < this.until || (!isKnown && this.#known.size < MAX_KNOWN)) this.#fresh++;
    if (createdAt < this.#oldest) {
      this.#oldest = createdAt;
      this.#idsOfOldest = new Set();
      this.#isOddOldest = false;
    }
    if (createdAt === this.#oldest && isOdd) this.#isOddOldest = true;
    if (createdAt === this.#oldest && this.#idsOfOldest.size < MAX_KNOWN) this.#idsOfOldest.add(id);
  }

  /** The page is over. It may lack events of its oldest second, so the next page begins in that second. */
  goBack(): void {
    if (this.#oldest < this.until) {
      this.until = this.#oldest;
      this.#known = this.#idsOfOldest;
      this.#isOddKnown = this.#isOddOldest;
      this.wide = 'no';
    } else if (this.#known.size < MAX_KNOWN) for (const id of this.#idsOfOldest) this.#known.add(id);
    this.countBefore = this.#count;
    this.askedBefore = this.asked;
  }

  /** The second `until` gives nothing new: goes on with the second before it. */
  leaveSecond(): void {
    this.until--;
    this.#known = new Set();
    this.wide = 'no';
  }

  /** The parts of a range that remain without these seconds, newest part last. */
  static around(since: number, until: number, seconds: readonly number[]): GapRange[] {
    const parts: GapRange[] = [];
    let from = since;
    for (const second of [...new Set(seconds)].toSorted((a, b) => a - b)) {
      if (second < from || second > until) continue;
      if (second > from) parts.push(new GapRange(from, second - 1));
      from = second + 1;
    }
    return from <= until ? [...parts, new GapRange(from, until)] : parts;
  }

  /**
   * Divides a range that ends the connection. The part that had come by then stays whole. The rest is cut into slices, each twice as
   * long as the newer one before it: relays send the newest events first, so the event that ends the connection is probably close.
   *
   * @param newest the newest second that may hold events, at most `until`
   * @returns newest part last
   */
  slices(newest: number): GapRange[] {
    const received = this.#count > 0 && this.#oldest < newest;
    const parts: GapRange[] = received ? [this.#before(this.#oldest + 1)] : [];
    let top = received ? this.#oldest : newest;
    for (let width = 1; top >= this.since; width *= 2) {
      const from = Math.max(this.since, top - width + 1);
      parts.push(new GapRange(from, top, 1));
      top = from - 1;
    }
    return parts.toReversed();
  }

  #before(since: number): GapRange {
    const part = new GapRange(since, this.until, 1);
    part.#known = this.#known;
    return part;
  }
}
