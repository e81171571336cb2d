/** Ids that are remembered of one second: some megabytes at the worst. */
const MAX_KNOWN = 20_000;
/** So many events that are too new are no accident. */
const STRAYS_THAT_TELL = 10;

/** A stretch of time that a recovery still has to ask for, in unix seconds, both ends included; `until` may be infinite. */
export class GapRange {
  readonly since: number;
  /** Goes back as pages are received. */
  until: number;
  /** How often the connection ended while this was asked for. */
  losses: number;
  /** `asked`: the second `until` alone was asked for with a higher limit; `helped`: and that brought more. */
  wide: 'no' | 'asked' | 'helped' = 'no';
  /** How many events the page before had, if it was of the same stretch. */
  countBefore = 0;
  /** How many were asked for then, and by the page under way. */
  askedBefore = 0;
  asked = 0;
  /** The ids that are known of the second `until`: pages overlap there. */
  #known = new Set<string>();
  /** Whether any of them has a time that is no whole number, or too large to count down from. */
  #isOddKnown = false;

  // The page under way.
  #count = 0;
  #fresh = 0;
  #oldest = Infinity;
  #idsOfOldest = new Set<string>();
  #strays = 0;
  #again = 0;
  #isOddOldest = false;
  #isOddStray = false;
  #last = Infinity;
  #isDescending = true;

  constructor(since: number, until: number, losses = 0) {
    this.since = since;
    this.until = until;
    this.losses = losses;
  }

  /** How many events the page under way has. */
  get count(): number {
    return this.#count;
  }

  /** How many of them are new. */
  get fresh(): number {
    return this.#fresh;
  }

  /** Whether the page under way has nothing but what is too new: the relay knows no `until`. Some may come live. */
  get isAstray(): boolean {
    return this.#count === 0 && this.#strays >= STRAYS_THAT_TELL;
  }

  /** The oldest second of the page under way; infinite while it is empty. */
  get oldest(): number {
    return this.#oldest;
  }

  /**
   * Whether the page under way cannot be the newest of what is older than the page before: it has nothing of the second in which
   * the two overlap, though some of it is known, or nothing but what is too new.
   */
  get isContradicted(): boolean {
    const lacksOverlap = this.#known.size > 0 && !this.#isOddKnown && this.#again === 0;
    return lacksOverlap || (this.#count === 0 && this.#strays > 0 && !this.#isOddStray);
  }

  /** Whether the page under way came newest first, and has come to an older second than the page before: what is newer has come. */
  get isNewestFirst(): boolean {
    return this.#isDescending && this.#oldest < this.until;
  }

  beginPage(): void {
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

  /** @param isOdd whether the event itself has another time, by which relays may sort it otherwise */
  take(createdAt: number, id: string, isOdd = false): void {
    if (createdAt > this.until) {
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
    // Beyond so many a second has no end: what it brings no longer counts as new.
    if (createdAt < this.until || (!isKnown && this.#known.size < MAX_KNOWN)) this.#fresh++;
    if (createdAt < this.#oldest) {
      this.#oldest = createdAt;
      this.#idsOfOldest = new Set();
      this.#isOddOldest = false;
    }
    if (createdAt === this.#oldest && isOdd) this.#isOddOldest = true;
    if (createdAt === this.#oldest && this.#idsOfOldest.size < MAX_KNOWN) this.#idsOfOldest.add(id);
  }

  /** The page has ended at its oldest second, of which it may lack events: the next one begins there. */
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

  /** The second `until` has nothing more to give. */
  leaveSecond(): void {
    this.until--;
    this.#known = new Set();
    this.wide = 'no';
  }

  /** The range without these seconds, newest part last. */
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
   * What to ask for in place of a range that ends the connection: what had come by then as one, and the rest in
   * slices that double from its newest second on. Relays send newest first, so the event that does it is most likely close.
   *
   * @param newest the newest second that is still in question, at most `until`
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
