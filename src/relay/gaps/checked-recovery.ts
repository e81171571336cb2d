import { GapRecovery } from './gap-recovery.ts';
import type { LiveSample } from './live-samples.ts';
import { PageCheck } from './page-check.ts';
import type { GapRecoveryOptions, Page, PagePlan, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import { SliceRecovery } from './slice-recovery.ts';

/** A check that is refused so often is left out: a relay is asked for what is missed, above all. */
const MAX_CHECK_REFUSALS = 3;
/** What is older goes first: most gaps are recovered by then. Not much later, since more is published meanwhile. */
const PAGES_UNTIL_CHECKED = 4;
/** So many of the latest samples may have expired or been deleted, but hardly all of them. */
const SAMPLES_THAT_TELL = 3;
/** A check that ends the connection so often asks for what the relay has not given yet: its page was not the newest. */
const MAX_CHECK_LOSSES = 3;

export interface CheckedRecoveryOptions extends GapRecoveryOptions {
  /** Unix seconds. Without it whatever comes is taken for what was stored before. */
  readonly now?: () => number;
  /** Events that the relay has sent live and must have stored, the oldest first. */
  readonly samples?: readonly LiveSample[];
}

/**
 * A recovery that does not take a relay's word for the order of its pages. Pages go back from the newest event on. Of those that
 * may have been cut off, which are those with as many events as any before, some are checked (the first, the second, the fourth, the
 * eighth …): a part is asked for once more, and a relay that gives the oldest first, or any, gives something else then. The gap
 * is asked for in slices from there on, which no order can hide anything from.
 */
export class CheckedRecovery implements PagePlan {
  readonly #options: CheckedRecoveryOptions;
  /** Asks for the gap while nothing speaks against the relay. */
  readonly #descent: GapRecovery;
  /** Asks for the whole gap once more, after a contradiction. */
  #slices: SliceRecovery | undefined;
  /** The check whose page is under way, or is asked for again. */
  #check: PageCheck | undefined;
  /** What is to be checked, and after how many pages that ended. */
  readonly #waiting: { readonly check: PageCheck; readonly dueAt: number }[] = [];
  /** Pages of the descent that have ended. */
  #ended = 0;
  #checkFailures = { refused: 0, lost: 0 };
  #checkPages = 0;
  #checkEvents = 0;
  /** The page of the descent that is under way, and when it was asked for, in unix seconds. */
  #page: Page | undefined;
  #askedAt = 0;
  /** Its events by id, each with its second. */
  #given = new Map<string, number>();
  /** The same of the last page that had any. */
  #known: ReadonlyMap<string, number> = new Map();
  /** How many it has, those that were left out included. */
  #count = 0;
  /** The most events that a page had. */
  #most = 0;
  /** How many pages had as many, and which of them is checked next. */
  #full = 0;
  #nextChecked = 1;
  /** The ids of the latest samples of this time, and how many of them have come. */
  readonly #samples: ReadonlySet<string>;
  #samplesSeen = 0;

  constructor(options: CheckedRecoveryOptions) {
    this.#options = options;
    // Not the first second: a relay may exclude it.
    const within = (options.samples ?? []).filter(({ createdAt }) => createdAt > options.since);
    this.#samples = new Set(within.slice(-SAMPLES_THAT_TELL).map(({ id }) => id));
    this.#descent = new GapRecovery(options);
  }

  next(): Page | undefined {
    if (this.#slices !== undefined) return this.#slices.next();
    if (this.#check === undefined && this.#isDue()) this.#beginCheck();
    if (this.#check === undefined) this.#nextOfDescent();
    // Nothing older is left: what waits to be checked is what remains.
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

  /** Whether the page that waits longest to be checked has waited for long enough. */
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
    // Relays sort other times each in its own way: they are no ground to judge a relay by, and anybody can publish them.
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

  ended(): void {
    if (this.#slices !== undefined) return this.#slices.ended();
    if (this.#check !== undefined) return this.#checked(this.#check);
    this.#descent.ended();
    this.#ended++;
    const [page, given] = [this.#page, this.#given];
    if (given.size > 0) this.#known = given;
    if (this.#descent.isContradicted) return this.#distrust(this.#known);
    if (page === undefined || given.size === 0 || !this.#isToCheck()) return;
    const check = PageCheck.of({ page, given, askedAt: this.#askedAt });
    if (check !== undefined) this.#waiting.push({ check, dueAt: this.#ended + PAGES_UNTIL_CHECKED });
  }

  /** Whether the page that has ended is one of those that are checked. */
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

  /** The relay has stored nothing of what it had sent: nor will it give what came while nobody listened. */
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

  /** What the relay gave is no ground to go on from: the whole gap is asked for in slices. */
  #distrust(known: ReadonlyMap<string, number>): void {
    const poisoned = [...this.#options.poisoned, ...this.#descent.report().poisonedSeconds];
    this.#slices = new SliceRecovery({ ...this.#options, poisoned, known, most: this.#most });
  }
}
