import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import { MAX_EVENT_AGE_MS } from '../../core/nostr/event-age.ts';
import type { WakingKind } from '../../core/nostr/nostr-event.ts';
import { askedSince, Coverage } from './coverage.ts';
import { CheckedRecovery } from '../gaps/checked-recovery.ts';
import type { PagePlan, RecoveryReport, UnrecoveredReason } from '../gaps/page-plan.ts';
import { LiveSamples, type LiveSample } from '../gaps/live-samples.ts';
import { RECOVERY_BOUNDS } from '../gaps/recovery-bounds.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';

/** Seconds with an event that ends the connection are rare; beyond so many the oldest are found anew. */
const MAX_POISONED_SECONDS = 100;

/** `live-only`: the relay gives nothing of what it has stored; `unreliable`: what it gives contradicts itself. */
export type StoredTrouble = 'live-only' | 'unreliable';

/** What follows from why something was not recovered; nothing where it was too much. */
const TROUBLES: Readonly<Partial<Record<UnrecoveredReason, StoredTrouble>>> = {
  refused: 'live-only',
  unanswered: 'live-only',
  inconsistent: 'unreliable',
};

/** Events of one kind that all relays together have delivered, copies included. */
export interface KindTotal {
  events: number;
}

export interface KindWatchOptions {
  readonly kind: WakingKind;
  readonly total: KindTotal;
  readonly clock: Clock;
  /** Whether that clock is trusted. Absent: always. */
  readonly mayExpire?: (() => boolean) | undefined;
  /** When the program began to listen at all, in milliseconds. */
  readonly startedAt: number;
}

/** What is known of one kind at one relay, over all connections to it. */
export class KindWatch {
  readonly kind: WakingKind;
  readonly coverage: Coverage;
  readonly #options: KindWatchOptions;
  #isLive = false;
  #silences = 0;
  #missedSince: number | undefined;
  /** Since when events were dropped unverified that are still to be asked for, in milliseconds. */
  #unverifiedSince: number | undefined;
  #poisoned: readonly number[] = [];
  #recovery: PagePlan | undefined;
  /** What all relays together had delivered when this subscription first became live. */
  #totalAtFirst: number | undefined;
  /** The gaps whose recovery has ended, and not all of its wakes. */
  readonly #unsettled = new Set<{ readonly since: number }>();
  readonly #samples = new LiveSamples();
  /** Why what the relay has stored is not to be had, or not to be relied on, though it serves the kind live. */
  storedTrouble: StoredTrouble | undefined;
  /** Why the relay does not serve the kind. */
  refusal: ReasonPrefix | undefined;
  /** How often this kind was the first of several to be caught up on. */
  timesFirst = 0;
  /** Events of this kind that the relay has ever delivered. */
  events = 0;

  constructor(options: KindWatchOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.coverage = new Coverage(options.startedAt);
  }

  /** Whether the subscription is live at this moment. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Whether the subscription has ever been live. */
  get hasBeenLive(): boolean {
    return this.#totalAtFirst !== undefined;
  }

  /** What all relays have delivered since this one could have. */
  get eventsElsewhere(): number {
    return this.#options.total.events - (this.#totalAtFirst ?? this.#options.total.events);
  }

  goLive(): void {
    this.#isLive = true;
    this.refusal = undefined;
    this.#totalAtFirst ??= this.#options.total.events;
  }

  goSilent(): void {
    this.#isLive = false;
    this.#silences++;
  }

  /** How often the subscription has ceased to be live. */
  get silences(): number {
    return this.#silences;
  }

  /** An event of this kind has come live. */
  noteLive(): void {
    this.events++;
    this.#options.total.events++;
  }

  /** One of the events that have come live is remembered now and then: the relay has to have stored it. @param now milliseconds */
  sample(event: LiveSample, now: number): void {
    if (this.#samples.isDue(now)) this.#samples.take({ id: event.id, createdAt: event.createdAt }, now);
  }

  /** An event of this kind has come that was stored: it says nothing of what other relays could have sent. */
  noteStored(): void {
    this.events++;
  }

  /** Whether something was missed that has not been recovered. */
  get hasGap(): boolean {
    return this.#recovery !== undefined || this.coverage.hasGap;
  }

  /** Until when everything has come and was dealt with, in milliseconds: what a restart has to catch up from. */
  get settledUntil(): number | undefined {
    const missed = this.#recovery === undefined ? undefined : this.#missedSince;
    const all = [
      this.coverage.coveredUntil,
      missed,
      this.#unverifiedSince,
      ...[...this.#unsettled].map(({ since }) => since),
    ];
    const known = all.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /**
   * Goes on where the program was stopped: what has come since was missed.
   *
   * @param settledUntil by the clock of then, in milliseconds
   */
  resume(settledUntil: number): void {
    const now = this.#trustedNow();
    // The clock was set back since: nobody knows how much was missed.
    const isAhead = now !== undefined && settledUntil > now;
    this.coverage.lose(isAhead ? now - MAX_EVENT_AGE_MS : settledUntil);
  }

  /** Nothing has come since the start. */
  missAll(): void {
    this.coverage.lose(this.#options.startedAt);
  }

  /** There is nobody to catch up for. */
  forgetGap(): void {
    this.#recovery = undefined;
    this.coverage.takeGap();
  }

  /** The recovery of the gap: the one that a lost connection interrupted, or a new one. */
  recovery(maxLimit: number | undefined): PagePlan | undefined {
    if (this.#recovery !== undefined) return this.#recovery;
    const missedSince = this.coverage.takeGap();
    if (missedSince === undefined) return undefined;
    this.#missedSince = missedSince;
    const { clock } = this.#options;
    this.#recovery = new CheckedRecovery({
      since: askedSince(this.kind, missedSince, this.#trustedNow()),
      maxLimit,
      bounds: RECOVERY_BOUNDS,
      poisoned: this.#poisoned,
      now: () => unixSeconds(clock),
      samples: this.#samples.stored(clock()),
    });
    return this.#recovery;
  }

  /** The recovery under way may have ended too soon: its gap counts as one that it does not cover. */
  doubtRecovery(): void {
    if (this.#missedSince !== undefined) this.coverage.lose(this.#missedSince);
  }

  /** The recovery is over and has shown nothing: its gap is to be recovered once more. */
  restartRecovery(): void {
    this.#recovery = undefined;
    this.doubtRecovery();
  }

  /**
   * Events were dropped unverified, which may have been genuine.
   *
   * @param since when the first one could have come, in milliseconds; unless given, when the gap of the last recovery began
   */
  noteUnverified(since = this.#missedSince): void {
    if (since === undefined) return;
    this.#unverifiedSince = Math.min(since, this.#unverifiedSince ?? Infinity);
  }

  /** What was dropped unverified is a gap from now on. @returns whether anything was */
  missUnverified(): boolean {
    const since = this.#unverifiedSince;
    if (since === undefined) return false;
    this.#unverifiedSince = undefined;
    this.coverage.lose(since);
    return true;
  }

  #trustedNow(): number | undefined {
    const { clock, mayExpire } = this.#options;
    return mayExpire?.() === false ? undefined : clock();
  }

  /** The gap that is being recovered counts as one until then. */
  holdUntil(settled: Promise<void>): void {
    if (this.#missedSince === undefined) return;
    const gap = { since: this.#missedSince };
    this.#unsettled.add(gap);
    void settled.then(() => this.#unsettled.delete(gap));
  }

  /** The recovery is over, whether it got everything or not. */
  finishRecovery({ poisonedSeconds, unrecovered }: RecoveryReport): void {
    this.#recovery = undefined;
    this.storedTrouble = unrecovered && TROUBLES[unrecovered.reason];
    // What was refused may be had another time.
    if (this.storedTrouble !== undefined) this.coverage.lose(this.#missedSince);
    this.#poisoned = [...this.#poisoned, ...poisonedSeconds].slice(-MAX_POISONED_SECONDS);
  }
}
