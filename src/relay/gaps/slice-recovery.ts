import type { EoseHint } from '../wire/relay-message.ts';
import { EndsProbe, type Ends } from './ends-probe.ts';
import { GapSlice } from './gap-slice.ts';
import type { GapRecoveryOptions, Page, PagePlan, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import {
  LOSSES_UNTIL_SKIPPED,
  LOSSES_UNTIL_SLICED,
  MAX_AHEAD_SECONDS,
  RecoveryEffort,
} from './recovery-effort.ts';

/** How many events may disappear between two pages, by expiration (NIP-40) or deletion (NIP-09). */
const FORGOTTEN_AT_MOST = 2;

export interface SliceRecoveryOptions extends GapRecoveryOptions {
  /** The current time in unix seconds. */
  readonly now?: (() => number) | undefined;
  /** The events that the relay has given before, by id, each with its second. */
  readonly known: ReadonlyMap<string, number>;
  /** The most events that any page of this relay had. */
  readonly most: number;
}

/**
 * Plans the pages of a gap for a relay that gives its events in any order. The gap is asked for in slices of time. If a page has fewer
 * events than the relay has given at once before, it holds the whole slice. Otherwise the two halves of the slice are asked for.
 *
 * An event that has come once has to come again. If a page is not full and lacks a known event, the relay contradicts itself. That is
 * reported.
 */
export class SliceRecovery implements PagePlan {
  readonly #effort: RecoveryEffort;
  readonly #now: () => number;
  /** The slices that are left to ask for, the newest last. */
  readonly #slices: GapSlice[];
  readonly #poisoned: number[] = [];
  /** How many seconds are added at each end of a slice, at a relay that excludes the ends of a filter. */
  #ends: Ends = { since: 0, until: 0 };
  #probe: EndsProbe | undefined;
  #most: number;
  #asked = 0;
  #crowded = 0;
  #isInconsistent = false;

  constructor(options: SliceRecoveryOptions) {
    const { since, poisoned, now, known, most } = options;
    this.#now = now ?? ((): number => Infinity);
    this.#effort = new RecoveryEffort(options);
    this.#most = most;
    this.#slices = GapSlice.around(since, Infinity, poisoned, known);
    const [second] = known.values();
    if (second === undefined) return;
    // Asked for first: a second with a known event.
    this.#probe = new EndsProbe();
    this.#slices.push(new GapSlice(second, second));
  }

  next(): Page | undefined {
    const slice = this.#slices.at(-1);
    if (slice === undefined || !this.#effort.beginPage()) return undefined;
    const ends = this.#probe?.ends ?? this.#ends;
    const { since, until } = { since: slice.since - ends.since, until: slice.until + ends.until };
    slice.beginPage(since, until);
    this.#asked = slice.isWide ? this.#effort.maxLimit : this.#effort.limit;
    return { since, ...(until !== Infinity && { until }), limit: this.#asked };
  }

  received(createdAt: number, id: string): boolean {
    this.#slices.at(-1)?.take(createdAt, id);
    return this.#effort.received();
  }

  leftOut(): void {
    this.#slices.at(-1)?.leaveOut();
    this.#effort.leftOut();
  }

  get isUnread(): boolean {
    return this.#effort.leftOutOfPage > 0 && this.#slices.at(-1)?.given.size === 0;
  }

  ended(hint?: EoseHint): void {
    const slice = this.#slices.at(-1);
    if (slice === undefined) return;
    this.#effort.answered();
    slice.losses = 0;
    const isFull = hint === 'more' || slice.total >= Math.min(Math.max(this.#most, 1), this.#asked);
    this.#most = Math.max(this.#most, slice.total);
    // All events are too new: the relay does not apply `until`, and would give the same events for every slice.
    if (slice.given.size === 0 && slice.newer > 0) return this.giveUp('inconsistent');
    if (this.#probe !== undefined) return this.#probed(this.#probe, slice);
    // All events are too old: the relay does not apply `since`, so the events of the slice may be missing.
    if (slice.given.size === 0 && slice.older > 0) this.#isInconsistent = true;
    else if (isFull) return this.#divide(slice);
    if (slice.lacking().length > 0 && this.#asksAgain(slice)) return;
    this.#slices.pop();
  }

  refused(narrower: boolean): boolean {
    const slice = this.#slices.at(-1);
    if (slice?.isWide === true && narrower) {
      this.#leaveCrowded();
      return true;
    }
    this.#effort.refused(narrower);
    return false;
  }

  lost(now: number): void {
    const slice = this.#slices.at(-1);
    this.#effort.lost();
    if (this.#probe !== undefined && this.#effort.losses >= LOSSES_UNTIL_SLICED) {
      this.#probe = undefined;
      return void this.#slices.pop();
    }
    if (slice === undefined || ++slice.losses < LOSSES_UNTIL_SLICED) return;
    const top = Math.min(slice.until, now + MAX_AHEAD_SECONDS);
    if (top > slice.since) {
      this.#slices.pop();
      for (const half of slice.halvesOfTime(top)) {
        half.losses = 1;
        this.#slices.push(half);
      }
    } else if (slice.losses >= LOSSES_UNTIL_SKIPPED) {
      this.#slices.pop();
      if (top <= now) this.#poisoned.push(top);
    }
  }

  spent(ms: number): void {
    this.#effort.spent(ms);
  }

  giveUp(reason: UnrecoveredReason): void {
    this.#effort.giveUp(reason);
  }

  report(): RecoveryReport {
    const reason = this.#effort.givenUp ?? (this.#isInconsistent ? 'inconsistent' : undefined);
    const [oldest, newest] = [this.#slices.at(0), this.#slices.at(-1)];
    return {
      ...this.#effort.report(),
      crowdedSeconds: this.#crowded,
      poisonedSeconds: this.#poisoned,
      ...(reason && {
        unrecovered: { since: oldest?.since ?? 0, until: newest?.until ?? Infinity, reason },
      }),
    };
  }

  /** The page of the probe is over. It has shown which ends a filter includes, or it lacks the known event. */
  #probed(probe: EndsProbe, slice: GapSlice): void {
    if (slice.given.size === 0 && probe.goOn()) return;
    if (slice.given.size === 0) this.#isInconsistent = true;
    else this.#ends = probe.ends;
    this.#probe = undefined;
    this.#slices.pop();
  }

  /** The page may have been cut off: asks for less time, or for more events of a single second. */
  #divide(slice: GapSlice): void {
    const top = this.#now() + MAX_AHEAD_SECONDS;
    // A relay accepts no event that is so far in the future, and the page has none.
    if (slice.since > top && slice.given.size === 0 && slice.known.size === 0) return void this.#slices.pop();
    const halves = slice.halves(Math.min(top, Number.MAX_SAFE_INTEGER));
    if (halves !== undefined) {
      this.#slices.pop();
      this.#slices.push(...halves);
    } else if (!slice.isWide && this.#effort.maxLimit > this.#effort.limit) {
      slice.usual = slice.total;
      slice.isWide = true;
    } else if (slice.isWide && slice.total > slice.usual && slice.total < this.#asked) {
      // The higher limit brought more events, but fewer than the limit: these are all.
      this.#slices.pop();
    } else this.#leaveCrowded();
  }

  #leaveCrowded(): void {
    this.#slices.pop();
    this.#crowded++;
  }

  /** The page lacks a known event. @returns whether the slice is asked for once more */
  #asksAgain(slice: GapSlice): boolean {
    const lacking = slice.lacking();
    const before = slice.contradiction;
    if (before === undefined) {
      slice.contradiction = slice.given;
      return true;
    }
    const isSame = before.size === slice.given.size && [...before.keys()].every((id) => slice.given.has(id));
    if (!isSame || lacking.length > FORGOTTEN_AT_MOST) this.#isInconsistent = true;
    return false;
  }
}
