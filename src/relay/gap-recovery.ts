import { GapRange } from './gap-range.ts';
import type { RecoveryBounds } from './recovery-bounds.ts';

/** What most relays give at once (strfry); one that gives less says so by giving less. */
export const PAGE_LIMIT = 500;
/** Asked for once where a single second fills a page, in case the relay's own limit is higher: khatru's is this. */
export const SECOND_LIMIT = 1000;
/** A relay that refuses pages this often in a row will not serve the gap. */
export const MAX_REFUSALS = 8;
/** One that gives some events of a page each time before it refuses the rest will not give more of it: enough to go on from. */
const REFUSALS_UNTIL_CUT_SHORT = 3;
/** No page is asked for that is smaller, however often the relay refuses, and no relay is thought to give fewer at once. */
export const MIN_LIMIT = 10;
/** A connection ends for many reasons. After so many ends in the same place, an event there is to blame. */
export const LOSSES_UNTIL_SLICED = 2;
export const LOSSES_UNTIL_SKIPPED = 3;
/** How far into the future an event may be dated that a relay has stored, in seconds: strfry takes 900. */
export const MAX_AHEAD_SECONDS = 3600;

/** A REQ for stored events, newest first: unix seconds, both ends included. */
export interface Page {
  readonly since: number;
  readonly until?: number;
  readonly limit: number;
}

export interface GapRecoveryOptions {
  /** Unix seconds: how far back the gap reaches. */
  readonly since: number;
  /** The relay's `max_limit` (NIP-11). */
  readonly maxLimit: number | undefined;
  readonly bounds: RecoveryBounds;
  /** Seconds with an event that ends the connection, found by earlier recoveries: they are gone around. */
  readonly poisoned: readonly number[];
}

/**
 * Why something was not recovered: a bound was hit, or the relay
 * - `refused`: gives nothing of what it has stored;
 * - `inconsistent`: contradicts itself, so that nobody knows what it has stored;
 * - `unanswered`: has answered no page, neither by an event nor by EOSE.
 */
export type UnrecoveredReason = keyof RecoveryBounds | 'refused' | 'inconsistent' | 'unanswered';

/** Works out which pages to ask for. Told what came of each page, it says which is the next one. */
export interface PagePlan {
  /** The page to ask for now, or `undefined` when there is nothing left to ask. */
  next(): Page | undefined;
  /** @returns whether there may be more of them */
  received(createdAt: number, id: string): boolean;
  /** An event of the page was too long to be read. */
  leftOut(): void;
  /** Whether the page had nothing but events that were too long: such a page says as little as one that ended the connection. */
  readonly isUnread: boolean;
  /** The relay says that the page ends here (EOSE). */
  ended(): void;
  /**
   * The relay refuses the page, after some of its events or before the first.
   *
   * @param narrower whether to ask for less from now on
   * @returns whether the next page is another one all the same
   */
  refused(narrower: boolean): boolean;
  /** The connection has ended in the middle of a page. @param now unix seconds */
  lost(now: number): void;
  spent(ms: number): void;
  giveUp(reason: UnrecoveredReason): void;
  report(): RecoveryReport;
}

/** How a recovery went. */
export interface RecoveryReport {
  readonly pages: number;
  readonly events: number;
  /** Seconds that hold more events than the relay gives at once: what exceeds a page of them was not given. */
  readonly crowdedSeconds: number;
  /** Seconds with an event that ends the connection. */
  readonly poisonedSeconds: readonly number[];
  /** Events that were too long to be read, at the least: the most of one page. Absent where there were none. */
  readonly tooLong?: number;
  /** What was given up, in unix seconds. */
  readonly unrecovered?: {
    readonly since: number;
    readonly until: number;
    readonly reason: UnrecoveredReason;
  };
}

/**
 * Which pages to ask a relay for until a gap is recovered. It knows nothing of sockets, and outlives them: a connection
 * that ends in the middle of a page goes on with the next one, where this left off.
 *
 * Pages go back with `until` at the oldest second seen, for a page may end in the middle of a second. A page that is
 * empty is the only proof that there is nothing older, since a relay may give less than it is asked for.
 */
export class GapRecovery implements PagePlan {
  readonly #bounds: RecoveryBounds;
  readonly #maxLimit: number;
  /** What is left to ask for, the newest last. */
  readonly #ranges: GapRange[];
  readonly #poisoned: number[] = [];
  /** How many events there were in seconds that were left with that many known. */
  readonly #leftWith: number[] = [];
  #crowded = 0;
  /** The relay's own limit, as far as pages that were cut off have shown it. */
  #cutAt = Infinity;
  #limit: number;
  #refusals = 0;
  /** Whether this relay ends pages by CLOSED after some of their events: what has come of them is gone on from. */
  #isCutShort = false;
  #pages = 0;
  #events = 0;
  #losses = 0;
  #spentMs = 0;
  #givenUp: UnrecoveredReason | undefined;
  /** Events that were too long to be read: of the page under way, and the most of any page. */
  #leftOut = 0;
  #mostLeftOut = 0;
  /** Whether a page was not what a relay gives that sends the newest first (NIP-01): what came may then be anything. */
  isContradicted = false;

  constructor({ since, maxLimit, bounds, poisoned }: GapRecoveryOptions) {
    this.#bounds = bounds;
    this.#maxLimit = maxLimit ?? SECOND_LIMIT;
    this.#limit = Math.min(PAGE_LIMIT, this.#maxLimit);
    this.#ranges = GapRange.around(since, Infinity, poisoned);
  }

  /** The page to ask for now, or `undefined` when the recovery is over. */
  next(): Page | undefined {
    const range = this.#ranges.at(-1);
    if (range !== undefined) this.#givenUp ??= this.#boundHit();
    if (range === undefined || this.#givenUp !== undefined) return undefined;
    this.#pages++;
    this.#leftOut = 0;
    range.beginPage();
    const { since, until } = range;
    range.asked = range.wide === 'no' ? this.#limit : this.#maxLimit;
    return { since, ...(until !== Infinity && { until }), limit: range.asked };
  }

  /**
   * @param createdAt as the event has it. Some relays store times that are no whole number, or too large to count down from.
   * @returns whether there may be more of them
   */
  received(createdAt: number, id: string): boolean {
    const second = Math.min(Math.floor(createdAt), Number.MAX_SAFE_INTEGER);
    this.#ranges.at(-1)?.take(second, id, second !== createdAt);
    return ++this.#events < this.#bounds.events;
  }

  /** An event of the page was too long to be read. */
  leftOut(): void {
    this.#mostLeftOut = Math.max(this.#mostLeftOut, ++this.#leftOut);
  }

  /** Whether the page had nothing but events that were too long: such a page says as little as one that ended the connection. */
  get isUnread(): boolean {
    return this.#leftOut > 0 && this.#ranges.at(-1)?.count === 0;
  }

  /** The relay says that the page ends here (EOSE). */
  ended(): void {
    const range = this.#ranges.at(-1);
    if (range === undefined) return;
    this.#refusals = 0;
    range.losses = 0;
    if (range.isContradicted) this.isContradicted = true;
    if (range.isAstray) return this.giveUp('refused');
    if (range.count === 0 && range.wide === 'no') return void this.#ranges.pop();
    this.#noteCut(range);
    const within = range.oldest >= range.until;
    const { fresh, count } = range;
    if (count > 0) range.goBack();
    if (!within || (fresh > 0 && range.wide === 'no')) return;
    if (fresh > 0) return void (range.wide = 'helped');
    if (range.wide === 'no' && count >= this.#limit && this.#maxLimit > this.#limit)
      return void (range.wide = 'asked');
    this.#leave(range, count);
  }

  refused(narrower: boolean): boolean {
    const range = this.#ranges.at(-1);
    // More of the one second than usual was asked for in vain: what is missing of it stays missing.
    if (range !== undefined && range.wide !== 'no' && narrower) {
      this.#leave(range, 0);
      return true;
    }
    this.#refusals++;
    if (narrower) this.#limit = Math.max(Math.min(MIN_LIMIT, this.#limit), this.#limit >> 1);
    if (range?.isNewestFirst === true && (this.#isCutShort || this.#refusals >= REFUSALS_UNTIL_CUT_SHORT)) {
      this.#isCutShort = true;
      this.#refusals = 0;
      range.goBack();
      return true;
    }
    if (this.#refusals > MAX_REFUSALS) this.giveUp('refused');
    return false;
  }

  /** The connection has ended in the middle of a page. @param now unix seconds */
  lost(now: number): void {
    const range = this.#ranges.at(-1);
    this.#losses++;
    if (range === undefined || ++range.losses < LOSSES_UNTIL_SLICED) return;
    const newest = Math.min(range.until, now + MAX_AHEAD_SECONDS);
    if (newest > range.since) {
      this.#ranges.pop();
      this.#ranges.push(...range.slices(newest));
    } else if (range.losses >= LOSSES_UNTIL_SKIPPED) {
      this.#ranges.pop();
      // A second to come holds nothing yet, and will hold what nobody has seen.
      if (newest <= now) this.#poisoned.push(newest);
    }
  }

  spent(ms: number): void {
    this.#spentMs += ms;
  }

  giveUp(reason: UnrecoveredReason): void {
    this.#givenUp ??= reason;
  }

  report(): RecoveryReport {
    const left = this.#givenUp === undefined ? [] : this.#ranges;
    const [oldest, newest] = [left.at(0), left.at(-1)];
    return {
      pages: this.#pages,
      events: this.#events,
      crowdedSeconds: this.#crowded + this.#leftWith.filter((count) => count >= this.#fullPage).length,
      poisonedSeconds: this.#poisoned,
      ...(this.#mostLeftOut > 0 && { tooLong: this.#mostLeftOut }),
      ...(oldest &&
        newest &&
        this.#givenUp && {
          unrecovered: { since: oldest.since, until: newest.until, reason: this.#givenUp },
        }),
    };
  }

  /** What a page has that the relay cut off; infinite where it never showed. */
  get #fullPage(): number {
    return Math.max(MIN_LIMIT, this.#cutAt);
  }

  #boundHit(): UnrecoveredReason | undefined {
    if (this.#pages >= this.#bounds.pages) return 'pages';
    if (this.#events >= this.#bounds.events) return 'events';
    if (this.#losses >= this.#bounds.losses) return 'losses';
    return this.#spentMs >= this.#bounds.timeMs ? 'timeMs' : undefined;
  }

  /** A page with something new shows that the page before, if it was smaller than asked for, was cut off by the relay's own limit. */
  #noteCut({ fresh, countBefore, askedBefore }: GapRange): void {
    if (fresh === 0 || countBefore === 0 || countBefore >= askedBefore) return;
    this.#cutAt = this.#cutAt === Infinity ? countBefore : Math.max(this.#cutAt, countBefore);
  }

  /** Nothing new comes of the range's newest second: on to the one before it. */
  #leave(range: GapRange, count: number): void {
    const filled = range.wide === 'asked' || count >= (range.wide === 'no' ? this.#limit : this.#maxLimit);
    if (filled) this.#crowded++;
    else if (this.#leftWith.length < this.#bounds.pages) this.#leftWith.push(count);
    range.leaveSecond();
    if (range.until < range.since) this.#ranges.pop();
  }
}
