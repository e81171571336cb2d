import { EndsProbe, type Ends } from './ends-probe.ts';
import { GapSlice } from './gap-slice.ts';
import type { GapRecoveryOptions, Page, PagePlan, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import {
  LOSSES_UNTIL_SKIPPED,
  LOSSES_UNTIL_SLICED,
  MAX_AHEAD_SECONDS,
  RecoveryEffort,
} from './recovery-effort.ts';

/** Events that a relay may have forgotten between two pages, by expiration (NIP-40) or deletion (NIP-09). */
const FORGOTTEN_AT_MOST = 2;

export interface SliceRecoveryOptions extends GapRecoveryOptions {
  /** Unix seconds. */
  readonly now?: () => number;
  /** What the relay has given before, by id, each with its second. */
  readonly known: ReadonlyMap<string, number>;
  /** The most events that any page of this relay had. */
  readonly most: number;
}

/**
 * Asks for a gap in slices, whatever order a relay gives its events in: the oldest first, or any. A page that has fewer events than
 * the relay has given at once before is all that there is of its slice; of any other the two halves are asked for.
 *
 * What came once has to come again: a page that is not full and lacks something known shows that the relay contradicts itself,
 * which is reported.
 */
export class SliceRecovery implements PagePlan {
  readonly #effort: RecoveryEffort;
  readonly #now: () => number;
  /** What is left to ask for, the newest last. */
  readonly #slices: GapSlice[];
  readonly #poisoned: number[] = [];
  /** By how much slices are asked for wider, in seconds, at a relay to which their ends do not belong. */
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
    // The first to be asked for: a second of which something is known.
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

  ended(): void {
    const slice = this.#slices.at(-1);
    if (slice === undefined) return;
    this.#effort.answered();
    slice.losses = 0;
    const isFull = slice.total >= Math.min(Math.max(this.#most, 1), this.#asked);
    this.#most = Math.max(this.#most, slice.total);
    // Nothing but what is too new: the relay knows no `until`, and would give the same of every slice.
    if (slice.given.size === 0 && slice.newer > 0) return this.giveUp('inconsistent');
    if (this.#probe !== undefined) return this.#probed(this.#probe, slice);
    // Nothing but what is too old: the relay knows no `since`, and nobody knows what it would give if it did.
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

  /** Which ends belong to a page, a second of which something is known has shown; or the relay does not give that again. */
  #probed(probe: EndsProbe, slice: GapSlice): void {
    if (slice.given.size === 0 && probe.goOn()) return;
    if (slice.given.size === 0) this.#isInconsistent = true;
    else this.#ends = probe.ends;
    this.#probe = undefined;
    this.#slices.pop();
  }

  /** The page may have been cut off. */
  #divide(slice: GapSlice): void {
    const top = this.#now() + MAX_AHEAD_SECONDS;
    // Nothing that anybody can have published is that new, and nothing with a time is there.
    if (slice.since > top && slice.given.size === 0 && slice.known.size === 0) return void this.#slices.pop();
    const halves = slice.halves(Math.min(top, Number.MAX_SAFE_INTEGER));
    if (halves !== undefined) {
      this.#slices.pop();
      this.#slices.push(...halves);
    } else if (!slice.isWide && this.#effort.maxLimit > this.#effort.limit) {
      slice.usual = slice.total;
      slice.isWide = true;
    } else if (slice.isWide && slice.total > slice.usual && slice.total < this.#asked) {
      // It gave more when it was asked for more, and less than that: there is no more.
      this.#slices.pop();
    } else this.#leaveCrowded();
  }

  #leaveCrowded(): void {
    this.#slices.pop();
    this.#crowded++;
  }

  /** @returns whether the slice is asked for once more, since the page lacks what is known of it */
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
