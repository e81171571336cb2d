import type { Page } from './page-plan.ts';

/** How long an event may take to reach the relay. An additional event that is older was stored before the page was asked for. */
const ON_ITS_WAY_SECONDS = 10;

/** A page that is to be checked. */
export interface CheckedPage {
  readonly page: Page;
  /** The events of the page by id, each with its second. */
  readonly given: ReadonlyMap<string, number>;
  /** When the page was asked for, in unix seconds. */
  readonly askedAt: number;
}

/** What a check has shown; or a further check, if the additional events may have been published after the page. */
export type CheckResult = 'consistent' | 'contradicted' | PageCheck;

/**
 * Checks a page by asking for a part of it once more. A page holds the newest events of its time (NIP-01). So it is complete for all
 * seconds but its oldest. That part must come again with the same events, and no others.
 */
export class PageCheck {
  readonly page: Page;
  /** The events that must come, by id, each with its second. */
  readonly #expected: ReadonlyMap<string, number>;
  /** From this second on, events may have been published after the page; infinite if there can be none. */
  readonly #growsFrom: number;
  readonly #given = new Map<string, number>();
  /** How many events the current page has, those of other times and those that were too long included. */
  total = 0;
  /** How many of these events have a time that is not a whole second. */
  #odd = 0;
  /** Whether this checks the additional events of an earlier check. */
  readonly #isFurther: boolean;
  /** The first second that is checked. */
  readonly #since: number;

  private constructor(
    { since, ...page }: Page,
    expected: ReadonlyMap<string, number>,
    growsFrom: number,
    { isEarlier = false, isFurther = false } = {},
  ) {
    this.#isFurther = isFurther;
    this.#since = since;
    // A relay that excludes the second `since` of a filter is asked from one second earlier on.
    this.page = { since: isEarlier ? since - 1 : since, ...page };
    this.#expected = expected;
    this.#growsFrom = growsFrom;
  }

  /** @returns `undefined` if no second of the page is sure to be complete */
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
    const [since, until = Infinity] = [this.#since, this.page.until];
    this.total++;
    if (!Number.isSafeInteger(createdAt)) this.#odd++;
    else if (createdAt >= since && createdAt <= until) this.#given.set(id, createdAt);
  }

  /** The events that came and those that must come, by id. */
  get known(): ReadonlyMap<string, number> {
    return new Map([...this.#expected, ...this.#given]);
  }

  /** @param most the most events that any earlier page of the relay had. A page with fewer was not cut off */
  result(most: number): CheckResult {
    const lacking = [...this.#expected].filter(([id]) => !this.#given.has(id));
    const more = [...this.#given].filter(([id]) => !this.#expected.has(id)).map(([, second]) => second);
    const isEmpty = this.#expected.size + this.#given.size === 0;
    const again = lacking.length > 0 || isEmpty ? this.#withoutFirst(lacking, more.length) : undefined;
    if (again !== undefined) return again;
    if (lacking.length > 0) return 'contradicted';
    const isCut = this.total >= most;
    // Events with such a time may have taken the place of the expected ones.
    if (isCut && this.#odd > 0) return 'contradicted';
    if (more.length === 0 && !(isCut && this.#isFurther)) return 'consistent';
    if (this.#isFurther || more.some((second) => second < this.#growsFrom)) return 'contradicted';
    if (!isCut) return 'consistent';
    const since = Math.max(...more);
    const page = { ...this.page, since };
    return new PageCheck(page, within(this.#given, page), Infinity, { isFurther: true });
  }

  /** If just the first second has not come, or nothing at all, the relay may exclude it: the check is made once more, one second earlier. */
  #withoutFirst(lacking: readonly (readonly [string, number])[], more: number): PageCheck | undefined {
    const since = this.#since;
    const isFirst =
      lacking.every(([, second]) => second === since) && ![...this.#given.values()].includes(since);
    if (!isFirst || more > 0 || this.#isFurther || this.page.since < since) return undefined;
    const page = { ...this.page, since };
    return new PageCheck(page, this.#expected, this.#growsFrom, { isEarlier: true });
  }
}

function within(events: ReadonlyMap<string, number>, { since, until = Infinity }: Page): Map<string, number> {
  return new Map([...events].filter(([, second]) => second >= since && second <= until));
}
