import { SECOND_MS, unixSeconds, type Clock } from '../../core/basics/clock.ts';
import { MAX_EVENT_AGE_MS, type WakingKind } from '../../core/nostr/nostr-event.ts';
import { askedSince, Coverage } from './coverage.ts';
import { LiveLimit } from './live-limit.ts';
import { CheckedRecovery } from '../gaps/checked-recovery.ts';
import { AuditFinds } from '../gaps/audit-finds.ts';
import { DroppedEvents } from '../gaps/dropped-events.ts';
import { LiveSamples, type LiveSample } from '../gaps/live-samples.ts';
import {
  AUDIT_BOUNDS,
  AUDIT_PAGE_LIMIT,
  RECOVERY_BOUNDS,
  type LargestPage,
  type RecoveryBounds,
  type RecoveryReport,
  type UnrecoveredReason,
} from '../gaps/page-plan.ts';
import type { EventLog } from '../reconcile/event-log.ts';
import type { KnownEvents } from '../reconcile/known-events.ts';
import { ReconciledPlan } from '../reconcile/reconciled-plan.ts';
import { HeardMarks } from './heard-marks.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';

/** The most poisoned seconds that are remembered. They are rare. When the oldest are forgotten, a recovery has to find them again. */
const MAX_POISONED_SECONDS = 100;

/** If a relay closes the subscription so often in a row without a word of EOSE in between, it does not serve the kind at this time. */
const REFUSED_AFTER_HITCHES = 3;

/** `live-only`: the relay gives no stored events; `unreliable`: the stored events that it gives contradict each other. */
export type StoredTrouble = 'live-only' | 'unreliable';

/** What an incomplete recovery says about the relay. It says nothing if a bound was hit. */
const TROUBLES: Readonly<Partial<Record<UnrecoveredReason, StoredTrouble>>> = {
  refused: 'live-only',
  unanswered: 'live-only',
  inconsistent: 'unreliable',
};

/** The events of one kind that all relays together have delivered live, copies included. */
export interface KindTotal {
  events: number;
}

/** The events that a recovery or an audit has brought. */
export interface LearntEvents {
  readonly log: EventLog | undefined;
  /** Since when, in unix seconds, these are all that the relay has stored and had not sent; absent if some may be missing. */
  readonly since?: number;
}

/** A gap, or what an audit asks for. */
interface PlannedGap {
  /** In milliseconds. */
  readonly since: number;
  /** How long nothing came, in milliseconds. */
  readonly missedMs: number;
  readonly maxLimit: number | undefined;
  readonly pageLimit?: number;
  readonly bounds: RecoveryBounds;
  /** Absent for an audit, which believes no hint: it would find what a recovery missed because it believed one. */
  readonly largestPage?: LargestPage;
}

export interface KindWatchOptions {
  readonly kind: WakingKind;
  readonly total: KindTotal;
  readonly clock: Clock;
  /** Whether the clock is trusted. Absent: always. */
  readonly mayExpire?: (() => boolean) | undefined;
  /** When the program began to listen, in milliseconds. */
  readonly startedAt: number;
}

/** What is known of one kind at one relay, over all connections to the relay. */
export class KindWatch {
  readonly kind: WakingKind;
  readonly coverage: Coverage;
  /** The `limit` that this relay answers. */
  readonly liveLimit = new LiveLimit();
  readonly #options: KindWatchOptions;
  #isLive = false;
  /** Whether the relay has answered the live subscription, with EOSE or an event. */
  #isAnswered = true;
  #hitches = 0;
  #silences = 0;
  /** When the gap began that is being recovered, or was recovered last, in milliseconds. */
  #missedSince: number | undefined;
  /** When the first event came that was dropped unverified and has not been asked for again, in milliseconds. */
  #unverifiedSince: number | undefined;
  #poisoned: readonly number[] = [];
  /** The pages of the gap that is being recovered. */
  #plan: ReconciledPlan | undefined;
  /** The events of all relays together at the time when this subscription first became live. */
  #totalAtFirst: number | undefined;
  /** Gaps whose pages are done but whose wakes are not. The proof of life on disk must stay before them. */
  readonly #gapsWithWakes = new Set<{ readonly since: number }>();
  readonly #samples = new LiveSamples();
  readonly #largestPage: LargestPage = { events: 0 };
  /** The latest live events that were for nobody. If one of them is for a key that was registered later, the relay has not dropped it. */
  readonly heard = new HeardMarks();
  /** The latest live events for registered keys. */
  readonly heardForUs = new HeardMarks();
  /** What audits have found. */
  readonly dropped: DroppedEvents;
  /** The events that the relay has sent, if it offers reconciliations (NIP-77). */
  known: KnownEvents | undefined;
  /** What the current audit has found. */
  readonly finds = new AuditFinds();
  /** What is wrong with the relay's stored events, though it serves the kind live. */
  storedTrouble: StoredTrouble | undefined;
  /** Why the relay does not serve the kind. */
  refusal: ReasonPrefix | undefined;
  /** Whether the relay is known to keep live subscriptions while pages are asked for. */
  keepsLive = false;
  /** How often pages have pushed out the live subscription without a word. */
  timesPushedOut = 0;
  /** How often this kind was the first of several to be recovered. */
  timesFirst = 0;
  /** All events of this kind that the relay has delivered. */
  events = 0;

  constructor(options: KindWatchOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.coverage = new Coverage(options.startedAt);
    this.dropped = new DroppedEvents(options.clock);
  }

  /** Whether the subscription is live at this moment. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Whether the subscription has ever been live. */
  get hasBeenLive(): boolean {
    return this.#totalAtFirst !== undefined;
  }

  /** The events that all relays together have delivered since this subscription first became live. */
  get eventsElsewhere(): number {
    return this.#options.total.events - (this.#totalAtFirst ?? this.#options.total.events);
  }

  /** Whether the subscription counts as live though the relay has sent neither EOSE nor an event for it. */
  get isUnanswered(): boolean {
    return this.#isLive && !this.#isAnswered;
  }

  /** @param isAnswered whether the relay has sent EOSE; if not, its time for that has passed (contract 2) */
  goLive(isAnswered = true): void {
    this.#isLive = true;
    this.#isAnswered = isAnswered;
    if (isAnswered) this.#hitches = 0;
    this.refusal = undefined;
    this.#totalAtFirst ??= this.#options.total.events;
  }

  /** EOSE has come after its time. */
  noteAnswer(): void {
    this.#isAnswered = true;
    this.#hitches = 0;
  }

  /** The relay has closed the subscription for a reason that should pass. If that happens again and again, it does not serve the kind. */
  noteHitch(reason: ReasonPrefix): void {
    this.#hitches++;
    if (this.#hitches >= REFUSED_AFTER_HITCHES) this.refusal = reason;
  }

  goSilent(): void {
    this.#isLive = false;
    this.#silences++;
  }

  /** How often the subscription has ceased to be live. */
  get silences(): number {
    return this.#silences;
  }

  /** An event of this kind has come live, which proves that the subscription is there. @param now milliseconds */
  noteLive(event: LiveSample, now: number): void {
    this.events++;
    this.#isAnswered = true;
    this.#options.total.events++;
    this.coverage.prove(now);
    if (this.#samples.isDue(now)) this.#samples.take({ id: event.id, createdAt: event.createdAt }, now);
  }

  /** A stored event of this kind has come. It says nothing about what other relays could have sent live. */
  noteStored(): void {
    this.events++;
  }

  /** Whether there is a gap that has not been recovered. */
  get hasGap(): boolean {
    return this.#plan !== undefined || this.coverage.hasGap;
  }

  /** Until when all events have come and been handled, in milliseconds. After a restart, this is where the gap begins. */
  get handledUntil(): number | undefined {
    const missed = this.#plan === undefined ? undefined : this.#missedSince;
    const all = [
      this.coverage.coveredUntil,
      missed,
      this.#unverifiedSince,
      ...[...this.#gapsWithWakes].map(({ since }) => since),
    ];
    const known = all.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /**
   * Goes on after a restart: the time since the stop is a gap.
   *
   * @param handledUntil by the clock of that time, in milliseconds
   */
  resume(handledUntil: number): void {
    const now = this.#trustedNow();
    // If the clock was set back since, it is unknown how much was missed.
    const isAhead = now !== undefined && handledUntil > now;
    this.coverage.lose(isAhead ? now - MAX_EVENT_AGE_MS : handledUntil);
  }

  /** Everything since the start counts as missed. */
  missAll(): void {
    this.coverage.lose(this.#options.startedAt);
  }

  /** Nobody is registered, so nothing was missed. */
  forgetGap(): void {
    this.#plan = undefined;
    this.coverage.takeGap();
  }

  /** The pages to ask for: those of the recovery that a lost connection interrupted, or those of a new gap. */
  pagePlan(maxLimit: number | undefined): ReconciledPlan | undefined {
    if (this.#plan !== undefined) return this.#plan;
    const missedSince = this.coverage.takeGap();
    if (missedSince === undefined) return undefined;
    this.#missedSince = missedSince;
    const missedMs = this.#options.clock() - missedSince;
    this.#plan = this.#planOf({
      since: missedSince,
      missedMs,
      maxLimit,
      bounds: RECOVERY_BOUNDS,
      largestPage: this.#largestPage,
    });
    return this.#plan;
  }

  /** The pages of an audit. @param since when the last audit was, in milliseconds */
  auditPlan(since: number, maxLimit: number | undefined): ReconciledPlan {
    return this.#planOf({ since, missedMs: 0, maxLimit, pageLimit: AUDIT_PAGE_LIMIT, bounds: AUDIT_BOUNDS });
  }

  #planOf({ missedMs, since: missedSince, ...limits }: PlannedGap): ReconciledPlan {
    const { clock } = this.#options;
    const now = unixSeconds(clock);
    const since = askedSince(this.kind, missedSince, this.#trustedNow());
    const samples = this.#samples.stored(clock());
    const gap = { since, poisoned: this.#poisoned, samples, ...limits, now: () => unixSeconds(clock) };
    const isKnown = this.known !== undefined && since >= this.known.wholeSince;
    return new ReconciledPlan({
      gap,
      pages: new CheckedRecovery(gap),
      samples,
      // An event that ends the connection would be listed as missing, and asked for by its id, again and again.
      mayReconcile: isKnown && !this.#poisoned.some((second) => second >= since),
      expectedShare: missedMs / SECOND_MS / Math.max(1, now - since),
    });
  }

  /** The current recovery may have lacked events. Its gap counts as a new gap too. */
  doubtRecovery(): void {
    if (this.#missedSince !== undefined) this.coverage.lose(this.#missedSince);
  }

  /** The recovery is over and was of no use. Its gap has to be recovered again. */
  restartRecovery(): void {
    this.#plan = undefined;
    this.doubtRecovery();
  }

  /**
   * Events were dropped without a verification. They may have been genuine.
   *
   * @param since when the first of them could have come, in milliseconds; if absent, when the gap of the last recovery began
   */
  noteUnverified(since = this.#missedSince): void {
    // They have to come again. All others have to come too: the relay must not learn which ones were for registered keys.
    this.known?.forget();
    if (since === undefined) return;
    this.#unverifiedSince = Math.min(since, this.#unverifiedSince ?? Infinity);
  }

  /** The time of the events that were dropped unverified is a gap from now on. @returns whether there were any */
  missUnverified(): boolean {
    const since = this.#unverifiedSince;
    if (since === undefined) return false;
    this.#unverifiedSince = undefined;
    this.coverage.lose(since);
    return true;
  }

  /** A recovery or an audit has ended soundly: its events need not come again. */
  learn({ log, since }: LearntEvents): void {
    if (this.known === undefined || log === undefined) return;
    log.addTo(this.known);
    if (since !== undefined) this.known.completeSince(since);
  }

  #trustedNow(): number | undefined {
    const { clock, mayExpire } = this.#options;
    return mayExpire?.() === false ? undefined : clock();
  }

  /** Keeps the proof of life before the gap that is being recovered, until its wakes have ended. */
  keepGapUntil(wakesEnded: Promise<void>): void {
    if (this.#missedSince === undefined) return;
    const gap = { since: this.#missedSince };
    this.#gapsWithWakes.add(gap);
    void wakesEnded.then(() => this.#gapsWithWakes.delete(gap));
  }

  /** The recovery is over, whether it got everything or not. */
  finishRecovery({ poisonedSeconds, unrecovered }: RecoveryReport): void {
    this.#plan = undefined;
    this.storedTrouble = unrecovered && TROUBLES[unrecovered.reason];
    // A relay that refuses now may serve the gap later.
    if (this.storedTrouble !== undefined) this.coverage.lose(this.#missedSince);
    this.#poisoned = [...this.#poisoned, ...poisonedSeconds].slice(-MAX_POISONED_SECONDS);
  }
}
