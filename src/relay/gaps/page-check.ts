import type { Page } from './page-plan.ts';

/** How long an event may have been on its way to the relay: what comes in addition and is older was there before. */
const ON_ITS_WAY_SECONDS = 10;

/** A page of a relay that is to be checked: what it has, and when it was asked for. */
export interface CheckedPage {
  readonly page: Page;
  /** Its events by id, each with its second. */
  readonly given: ReadonlyMap<string, number>;
  /** When it was asked for, in unix seconds. */
  readonly askedAt: number;
}

/** What a check has shown; or a further check, where the page may just have grown while it was asked for. */
export type CheckResult = 'consistent' | 'contradicted' | PageCheck;

/**
 * Asks for a part of a page once more, and compares. A page has the newest events of its time (NIP-01), so what is newer than
 * its oldest second it has whole: asked for by itself, that part must come again, without anything more.
 */
export class PageCheck {
  readonly page: Page;
  /** What must come, by id. */
  readonly #expected: ReadonlyMap<string, number>;
  /** From which second on the page may have grown meanwhile; infinite where it may not. */
  readonly #growsFrom: number;
  readonly #given = new Map<string, number>();
  /** How many events the page under way has, of other times and those that are left out included. */
  total = 0;
  /** How many of them have no whole second as their time. */
  #odd = 0;
  /** Whether this is a check of what a check has brought in addition. */
  readonly #isFurther: boolean;

  private constructor(
    page: Page,
    expected: ReadonlyMap<string, number>,
    growsFrom: number,
    isFurther = false,
  ) {
    this.#isFurther = isFurther;
    this.page = page;
    this.#expected = expected;
    this.#growsFrom = growsFrom;
  }

  /** @returns `undefined` where nothing of the page is sure to be whole */
  static of({ page, given, askedAt }: CheckedPage): PageCheck | undefined {
    const seconds = [...given.values()];
    if (seconds.length === 0) return undefined;
    let [oldest, newest] = [Infinity, -Infinity];
    for (const second of seconds) [oldest, newest] = [Math.min(oldest, second), Math.max(newest, second)];
    const until = page.until ?? askedAt;
    if (oldest + 1 > until) return undefined;
    const asked = { since: oldest + 1, ...(until !== Infinity && { until }), limit: page.limit };
    const growsFrom = page.until === undefined ? Math.max(newest, askedAt - ON_ITS_WAY_SECONDS) : Infinity;
    return new PageCheck(asked, within(given, asked), growsFrom);
  }

  begin(): void {
    this.#given.clear();
    this.total = 0;
    this.#odd = 0;
  }

  /** An event of the page was too long to be read. */
  leaveOut(): void {
    this.total++;
  }

  take(createdAt: number, id: string): void {
    const { since, until = Infinity } = this.page;
    this.total++;
    if (!Number.isSafeInteger(createdAt)) this.#odd++;
    else if (createdAt >= since && createdAt <= until) this.#given.set(id, createdAt);
  }

  /** What came, and what must have come, by id. */
  get known(): ReadonlyMap<string, number> {
    return new Map([...this.#expected, ...this.#given]);
  }

  /** @param most the most events that any page of the relay had before this one: one with fewer was not cut off */
  result(most: number): CheckResult {
    if ([...this.#expected.keys()].some((id) => !this.#given.has(id))) return 'contradicted';
    const more = [...this.#given].filter(([id]) => !this.#expected.has(id)).map(([, second]) => second);
    const isCut = this.total >= most;
    // What has no whole second as its time may have taken the place of what is sought.
    if (isCut && this.#odd > 0) return 'contradicted';
    if (more.length === 0 && !(isCut && this.#isFurther)) return 'consistent';
    if (this.#isFurther || more.some((second) => second < this.#growsFrom)) return 'contradicted';
    if (!isCut) return 'consistent';
    const since = Math.max(...more);
    const page = { ...this.page, since };
    return new PageCheck(page, within(this.#given, page), Infinity, true);
  }
}

function within(events: ReadonlyMap<string, number>, { since, until = Infinity }: Page): Map<string, number> {
  return new Map([...events].filter(([, second]) => second >= since && second <= until));
}
