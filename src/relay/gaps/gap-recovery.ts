import type { EoseHint } from '../wire/relay-message.ts';
import { CutEdges } from './cut-edges.ts';
import { GapRange } from './gap-range.ts';
import type { GapRecoveryOptions, Page, PagePlan, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import {
  LOSSES_UNTIL_SKIPPED,
  LOSSES_UNTIL_SLICED,
  MAX_AHEAD_SECONDS,
  MIN_LIMIT,
  RecoveryEffort,
} from './recovery-effort.ts';

/** If a relay refuses a page so often, each time after some of its events, these events are taken for the page. */
const REFUSALS_UNTIL_CUT_SHORT = 3;

/**
 * Plans the pages of a gap for a relay that gives the newest events first. It does not depend on a connection: if a connection ends in the
 * middle of a page, the next connection goes on with that page.
 *
 * The next page ends (`until`) in the oldest second that has come, because a page may end in the middle of a second. Only an empty page
 * shows that there is nothing older, because a relay may give fewer events than it is asked for.
 */
export class GapRecovery implements PagePlan {
  readonly #effort: RecoveryEffort;
  /** The ranges that are left to ask for, the newest last. */
  readonly #ranges: GapRange[];
  /** The edges of ranges that were cut. They are asked for once more when all ranges are done. */
  readonly #edges = new CutEdges();
  /** The filter of the current page. */
  #page: Page | undefined;
  /** How many events the current page has. */
  #count = 0;
  /** How many seconds later than in the oldest second that has come a page ends: 1 at a relay that excludes `until`. */
  #later = 0;
  readonly #poisoned: number[] = [];
  /** The sizes of the last pages of seconds that were left because nothing new came. */
  readonly #leftWith: number[] = [];
  #crowded = 0;
  /** The relay's own limit, as far as pages that were cut off show it; infinite until one does. */
  #cutAt = Infinity;
  /** Whether this relay ends pages by CLOSED after some of their events. The next page then goes on from those events. */
  #isCutShort = false;
  /** Whether a page shows that the relay does not give the newest events first (NIP-01). Then events may be missing anywhere. */
  isContradicted = false;

  constructor(options: GapRecoveryOptions) {
    this.#effort = new RecoveryEffort(options);
    this.#ranges = GapRange.around(options.since, Infinity, options.poisoned);
  }

  next(): Page | undefined {
    const range = this.#ranges.at(-1) ?? this.#nextEdge();
    if (range === undefined || !this.#effort.beginPage()) return undefined;
    const { before, after } = range.edge ?? { before: 0, after: this.#later };
    const [since, until] = [range.since - before, range.until + after];
    range.beginPage(until);
    this.#count = 0;
    range.asked = range.wide === 'no' ? this.#effort.limit : this.#effort.maxLimit;
    this.#page = { since, ...(until !== Infinity && { until }), limit: range.asked };
    return this.#page;
  }

  #nextEdge(): GapRange | undefined {
    const edge = this.#edges.next();
    if (edge !== undefined) this.#ranges.push(edge);
    return edge;
  }

  received(createdAt: number, id: string): boolean {
    const second = Math.min(Math.floor(createdAt), Number.MAX_SAFE_INTEGER);
    this.#count++;
    this.#edges.received(createdAt, this.#page);
    this.#ranges.at(-1)?.take(second, id, second !== createdAt);
    return this.#effort.received();
  }

  leftOut(): void {
    this.#effort.leftOut();
  }

  get isUnread(): boolean {
    return this.#effort.leftOutOfPage > 0 && this.#ranges.at(-1)?.count === 0;
  }

  ended(hint?: EoseHint): void {
    const range = this.#ranges.at(-1);
    if (range === undefined) return;
    this.#effort.answered();
    range.losses = 0;
    if (range.edge !== undefined)
      return void this.#ranges.splice(-1, 1, ...this.#edges.ended(range, this.#count));
    if (range.lacksOverlap && this.#mayExcludeUntil()) return;
    if (range.isContradicted) this.isContradicted = true;
    if (range.isAstray) return this.giveUp('refused');
    if (range.count === 0 && range.wide === 'no') return void this.#ranges.pop();
    if (hint === 'finish' && !range.isContradicted) return void this.#ranges.pop();
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

  /** The page lacks the second `until` of its filter. @returns whether it is asked for once more, one second later */
  #mayExcludeUntil(): boolean {
    if (this.#edges.includesUntil) return false;
    this.#later = 1 - this.#later;
    return this.#later === 1;
  }

  refused(narrower: boolean): boolean {
    const range = this.#ranges.at(-1);
    // The relay refuses the higher limit. The events that this second has beyond a page stay missing.
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
    if (range?.edge !== undefined) return void this.#ranges.splice(-1, 1, ...this.#edges.lost(range));
    if (range === undefined || ++range.losses < LOSSES_UNTIL_SLICED) return;
    const newest = Math.min(range.until, now + MAX_AHEAD_SECONDS);
    if (newest > range.since) {
      this.#ranges.pop();
      const slices = range.slices(newest);
      this.#edges.note(slices, range);
      this.#ranges.push(...slices);
    } else if (range.losses >= LOSSES_UNTIL_SKIPPED) {
      this.#ranges.pop();
      this.#edges.skip(newest);
      // A second in the future is not marked: it may still get events.
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

  /** The size of a page that the relay cut off; infinite if no page showed it. */
  get #fullPage(): number {
    return Math.max(MIN_LIMIT, this.#cutAt);
  }

  /** If a page has new events, and the previous page was smaller than asked for, the relay cut off the previous page by its own limit. */
  #noteCut({ fresh, countBefore, askedBefore }: GapRange): void {
    if (fresh === 0 || countBefore === 0 || countBefore >= askedBefore) return;
    this.#cutAt = this.#cutAt === Infinity ? countBefore : Math.max(this.#cutAt, countBefore);
  }

  /** Nothing new comes from the range's newest second: goes on with the second before it. */
  #leave(range: GapRange, count: number): void {
    const { limit, maxLimit } = this.#effort;
    const filled = range.wide === 'asked' || count >= (range.wide === 'no' ? limit : maxLimit);
    if (filled) this.#crowded++;
    else this.#leftWith.push(count);
    range.leaveSecond();
    if (range.until < range.since) this.#ranges.pop();
  }
}
