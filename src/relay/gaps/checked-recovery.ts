import type { EoseHint } from '../wire/relay-message.ts';
import { GapRecovery } from './gap-recovery.ts';
import type { LiveSample } from './live-samples.ts';
import { PageCheck } from './page-check.ts';
import type { GapRecoveryOptions, Page, PagePlan, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import { SliceRecovery } from './slice-recovery.ts';

/** If a check is refused so often, it is left out: the missed events matter more. */
const MAX_CHECK_REFUSALS = 3;
/** A check waits for so many further pages. By then most gaps are recovered. It does not wait longer, because more events are published meanwhile. */
const PAGES_UNTIL_CHECKED = 4;
/** How many of the latest samples are looked for. Some may have expired or been deleted, but hardly all. */
const SAMPLES_THAT_TELL = 3;
/** If a check ends the connection so often, it hits an event that its page did not have. So the page did not hold the newest events. */
const MAX_CHECK_LOSSES = 3;

export interface CheckedRecoveryOptions extends GapRecoveryOptions {
  /** The current time in unix seconds. Absent: every event counts as stored before its page was asked for. */
  readonly now?: () => number;
  /** Events that the relay has sent live, and must have stored, the oldest first. */
  readonly samples?: readonly LiveSample[];
}

/**
 * Plans the pages of a gap, and checks that the relay gives the newest events first. The pages go back from the newest event
 * (`GapRecovery`). A page with as many events as any page before may have been cut off. Some of these pages are checked: the first, the
 * second, the fourth, the eighth and so on. A check asks for a part of the page once more. A relay that gives the oldest events first, or
 * any, then gives other events. After such a contradiction the whole gap is asked for in slices (`SliceRecovery`), which work in any order.
 */
export class CheckedRecovery implements PagePlan {
  readonly #options: CheckedRecoveryOptions;
  /** Plans the pages until a contradiction. */
  readonly #descent: GapRecovery;
  /** Plans the pages of the whole gap once more, after a contradiction. */
  #slices: SliceRecovery | undefined;
  /** The check whose page is the current one, or is asked for again. */
  #check: PageCheck | undefined;
  /** The checks to come, and after how many pages each is due. */
  readonly #waiting: { readonly check: PageCheck; readonly dueAt: number }[] = [];
  /** Pages of the descent that have ended. */
  #ended = 0;
  #checkFailures = { refused: 0, lost: 0 };
  #checkPages = 0;
  #checkEvents = 0;
  /** The current page of the descent, and when it was asked for, in unix seconds. */
  #page: Page | undefined;
  #askedAt = 0;
  /** The events of that page by id, each with its second. */
  #given = new Map<string, number>();
  /** The events of the last page that had any. */
  #known: ReadonlyMap<string, number> = new Map();
  /** How many events the current page has, those that were too long included. */
  #count = 0;
  /** The most events that any page had. */
  #most = 0;
  /** How many pages had that many events, and which of these pages is checked next. */
  #full = 0;
  #nextChecked = 1;
  /** The ids of the latest samples within the gap, and how many of them have come. */
  readonly #samples: ReadonlySet<string>;
  #samplesSeen = 0;

  constructor(options: CheckedRecoveryOptions) {
    this.#options = options;
    // Without the first second, because a relay may exclude it.
    const within = (options.samples ?? []).filter(({ createdAt }) => createdAt > options.since);
    this.#samples = new Set(within.slice(-SAMPLES_THAT_TELL).map(({ id }) => id));
    this.#descent = new GapRecovery(options);
  }

  next(): Page | undefined {
    if (this.#slices !== undefined) return this.#slices.next();
    if (this.#check === undefined && this.#isDue()) this.#beginCheck();
    if (this.#check === undefined) this.#nextOfDescent();
    // No page is left: the remaining checks are due.
    if (this.#check === undefined && this.#page === undefined && !this.#hasGivenUp) this.#beginCheck();
    if (this.#check === undefined) return this.#page;
    this.#checkPages++;
    this.#check.begin();
    return this.#check.page;
  }

  #nextOfDescent(): void {
    this.#page = this.#descent.next();
    this.#askedAt = this.#options.now?.() ?? Infinity;
    this.#count = 0;
    this.#given = new Map();
  }

  get #hasGivenUp(): boolean {
    return this.#descent.report().unrecovered !== undefined;
  }

  /** Whether the oldest check is due. */
  #isDue(): boolean {
    const [first] = this.#waiting;
    return first !== undefined && this.#ended >= first.dueAt;
  }

  #beginCheck(): void {
    this.#check = this.#waiting.shift()?.check;
    this.#checkFailures = { refused: 0, lost: 0 };
  }

  received(createdAt: number, id: string): boolean {
    if (this.#samples.has(id)) this.#samplesSeen++;
    if (this.#slices !== undefined) return this.#slices.received(createdAt, id);
    if (this.#check !== undefined) {
      this.#check.take(createdAt, id);
      return ++this.#checkEvents < this.#options.bounds.events;
    }
    this.#count++;
    const { since, until = Infinity } = this.#page ?? { since: Infinity };
    // Other times say nothing about the relay: relays sort them in different ways, and anybody can publish them.
    if (Number.isSafeInteger(createdAt) && createdAt >= since && createdAt <= until)
      this.#given.set(id, createdAt);
    return this.#descent.received(createdAt, id);
  }

  leftOut(): void {
    if (this.#slices !== undefined) return this.#slices.leftOut();
    if (this.#check !== undefined) return this.#check.leaveOut();
    this.#count++;
    this.#descent.leftOut();
  }

  get isUnread(): boolean {
    if (this.#slices !== undefined) return this.#slices.isUnread;
    return this.#check === undefined && this.#descent.isUnread;
  }

  ended(hint?: EoseHint): void {
    if (this.#slices !== undefined) return this.#slices.ended(hint);
    if (this.#check !== undefined) return this.#checked(this.#check);
    const isFinished = this.#believes(hint);
    this.#descent.ended(isFinished ? 'finish' : undefined);
    this.#ended++;
    const [page, given] = [this.#page, this.#given];
    if (given.size > 0) this.#known = given;
    if (this.#descent.isContradicted) return this.#distrust(this.#known);
    if (page === undefined || given.size === 0 || isFinished || !this.#isToCheck()) return;
    const check = PageCheck.of({ page, given, askedAt: this.#askedAt });
    if (check !== undefined) this.#waiting.push({ check, dueAt: this.#ended + PAGES_UNTIL_CHECKED });
  }

  /**
   * A relay that cuts its pages off may say `finish` all the same. So that is believed of a page only if the relay has given a larger one
   * before.
   */
  #believes(hint: EoseHint | undefined): boolean {
    const { largestPage } = this.#options;
    if (largestPage === undefined) return false;
    const isSmaller = this.#count < largestPage.events;
    largestPage.events = Math.max(largestPage.events, this.#count);
    return hint === 'finish' && isSmaller;
  }

  /** Whether the page that has ended is to be checked. */
  #isToCheck(): boolean {
    if (this.#count < this.#most) return false;
    if (this.#count > this.#most) [this.#most, this.#full, this.#nextChecked] = [this.#count, 0, 1];
    if (++this.#full < this.#nextChecked) return false;
    this.#nextChecked *= 2;
    return true;
  }

  refused(narrower: boolean): boolean {
    if (this.#slices !== undefined) return this.#slices.refused(narrower);
    if (this.#check === undefined) return this.#descent.refused(narrower);
    if (++this.#checkFailures.refused >= MAX_CHECK_REFUSALS) this.#check = undefined;
    return false;
  }

  lost(now: number): void {
    if (this.#slices !== undefined) this.#slices.lost(now);
    else if (this.#check === undefined) this.#descent.lost(now);
    else if (++this.#checkFailures.lost >= MAX_CHECK_LOSSES) this.#distrust(this.#known);
  }

  spent(ms: number): void {
    (this.#slices ?? this.#descent).spent(ms);
  }

  giveUp(reason: UnrecoveredReason): void {
    (this.#slices ?? this.#descent).giveUp(reason);
  }

  report(): RecoveryReport {
    const descent = this.#descent.report();
    const slices = this.#slices?.report();
    const { since } = this.#options;
    const tooLong = Math.max(descent.tooLong ?? 0, slices?.tooLong ?? 0);
    const unrecovered = (slices ?? descent).unrecovered ?? this.#lost();
    return {
      pages: descent.pages + this.#checkPages + (slices?.pages ?? 0),
      events: descent.events + this.#checkEvents + (slices?.events ?? 0),
      crowdedSeconds: slices?.crowdedSeconds ?? descent.crowdedSeconds,
      poisonedSeconds: [...descent.poisonedSeconds, ...(slices?.poisonedSeconds ?? [])],
      ...(tooLong > 0 && { tooLong }),
      ...(unrecovered && { unrecovered: { ...unrecovered, since: Math.max(since, unrecovered.since) } }),
    };
  }

  /** If the relay has stored none of the samples, it probably has not stored the missed events either. */
  #lost(): RecoveryReport['unrecovered'] {
    const isLost = this.#samples.size >= SAMPLES_THAT_TELL && this.#samplesSeen === 0;
    return isLost ? { since: this.#options.since, until: Infinity, reason: 'inconsistent' } : undefined;
  }

  #checked(check: PageCheck): void {
    this.#check = undefined;
    const result = check.result(this.#most);
    this.#most = Math.max(this.#most, check.total);
    if (result === 'contradicted') this.#distrust(check.known);
    else if (result !== 'consistent') this.#check = result;
  }

  /** The relay's pages may lack anything: the whole gap is asked for in slices. */
  #distrust(known: ReadonlyMap<string, number>): void {
    const { since, maxLimit, pageLimit, bounds, now } = this.#options;
    const poisoned = [...this.#options.poisoned, ...this.#descent.report().poisonedSeconds];
    this.#slices = new SliceRecovery({
      since,
      maxLimit,
      ...(pageLimit !== undefined && { pageLimit }),
      bounds,
      poisoned,
      now,
      known,
      most: this.#most,
    });
  }
}
