import { GapRange } from './gap-range.ts';
import type { GapRecoveryOptions, Page, PagePlan, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import {
  LOSSES_UNTIL_SKIPPED,
  LOSSES_UNTIL_SLICED,
  MAX_AHEAD_SECONDS,
  MIN_LIMIT,
  RecoveryEffort,
} from './recovery-effort.ts';

/** A relay that gives some events of a page each time before it refuses the rest will not give more of it: enough to go on from. */
const REFUSALS_UNTIL_CUT_SHORT = 3;

/**
 * Which pages to ask a relay for until a gap is recovered. It knows nothing of sockets, and outlives them: a connection
 * that ends in the middle of a page goes on with the next one, where this left off.
 *
 * Pages go back with `until` at the oldest second seen, for a page may end in the middle of a second. A page that is
 * empty is the only proof that there is nothing older, since a relay may give less than it is asked for.
 */
export class GapRecovery implements PagePlan {
  readonly #effort: RecoveryEffort;
  /** What is left to ask for, the newest last. */
  readonly #ranges: GapRange[];
  readonly #poisoned: number[] = [];
  /** How many events there were in seconds that were left with that many known: one for a page at the most. */
  readonly #leftWith: number[] = [];
  #crowded = 0;
  /** The relay's own limit, as far as pages that were cut off have shown it. */
  #cutAt = Infinity;
  /** Whether this relay ends pages by CLOSED after some of their events: what has come of them is gone on from. */
  #isCutShort = false;
  /** Whether a page was not what a relay gives that sends the newest first (NIP-01): what came may then be anything. */
  isContradicted = false;

  constructor(options: GapRecoveryOptions) {
    this.#effort = new RecoveryEffort(options);
    this.#ranges = GapRange.around(options.since, Infinity, options.poisoned);
  }

  next(): Page | undefined {
    const range = this.#ranges.at(-1);
    if (range === undefined || !this.#effort.beginPage()) return undefined;
    range.beginPage();
    const { since, until } = range;
    range.asked = range.wide === 'no' ? this.#effort.limit : this.#effort.maxLimit;
    return { since, ...(until !== Infinity && { until }), limit: range.asked };
  }

  received(createdAt: number, id: string): boolean {
    const second = Math.min(Math.floor(createdAt), Number.MAX_SAFE_INTEGER);
    this.#ranges.at(-1)?.take(second, id, second !== createdAt);
    return this.#effort.received();
  }

  leftOut(): void {
    this.#effort.leftOut();
  }

  get isUnread(): boolean {
    return this.#effort.leftOutOfPage > 0 && this.#ranges.at(-1)?.count === 0;
  }

  ended(): void {
    const range = this.#ranges.at(-1);
    if (range === undefined) return;
    this.#effort.answered();
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
    if (range.wide === 'no' && count >= this.#effort.limit && this.#effort.maxLimit > this.#effort.limit)
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
    this.#effort.refused(narrower);
    this.#isCutShort ||= range?.isNewestFirst === true && this.#effort.refusals >= REFUSALS_UNTIL_CUT_SHORT;
    if (!this.#isCutShort || range?.isNewestFirst !== true) return false;
    this.#effort.answered();
    range.goBack();
    return true;
  }

  lost(now: number): void {
    const range = this.#ranges.at(-1);
    this.#effort.lost();
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
    this.#effort.spent(ms);
  }

  giveUp(reason: UnrecoveredReason): void {
    this.#effort.giveUp(reason);
  }

  report(): RecoveryReport {
    const { givenUp: reason } = this.#effort;
    const [oldest, newest] = [this.#ranges.at(0), this.#ranges.at(-1)];
    return {
      ...this.#effort.report(),
      crowdedSeconds: this.#crowded + this.#leftWith.filter((count) => count >= this.#fullPage).length,
      poisonedSeconds: this.#poisoned,
      ...(oldest &&
        newest &&
        reason && { unrecovered: { since: oldest.since, until: newest.until, reason } }),
    };
  }

  /** What a page has that the relay cut off; infinite where it never showed. */
  get #fullPage(): number {
    return Math.max(MIN_LIMIT, this.#cutAt);
  }

  /** A page with something new shows that the page before, if it was smaller than asked for, was cut off by the relay's own limit. */
  #noteCut({ fresh, countBefore, askedBefore }: GapRange): void {
    if (fresh === 0 || countBefore === 0 || countBefore >= askedBefore) return;
    this.#cutAt = this.#cutAt === Infinity ? countBefore : Math.max(this.#cutAt, countBefore);
  }

  /** Nothing new comes of the range's newest second: on to the one before it. */
  #leave(range: GapRange, count: number): void {
    const { limit, maxLimit } = this.#effort;
    const filled = range.wide === 'asked' || count >= (range.wide === 'no' ? limit : maxLimit);
    if (filled) this.#crowded++;
    else this.#leftWith.push(count);
    range.leaveSecond();
    if (range.until < range.since) this.#ranges.pop();
  }
}
