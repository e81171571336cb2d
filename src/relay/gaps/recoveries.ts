import type { Clock } from '../../core/basics/clock.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import type { RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { RecoveredEvents } from './recovered-events.ts';
import { PageAsking } from './page-asking.ts';
import { beginRecovery } from './gathering-recovery.ts';
import type { RecoveryReport } from './page-plan.ts';
import type { KindWatch, LearntEvents } from '../live/kind-watch.ts';
import type { RelaySession } from '../live/relay-session.ts';
import type { RelayLimits } from '../connection/relay-information.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import { Resubscription } from '../live/resubscription.ts';
import { reportRecovery, type RecoveryCause } from './report-recovery.ts';
import { EventLog } from '../reconcile/event-log.ts';
import { Reconciling } from '../reconcile/reconciling.ts';
import type { ReconcilingRelay } from '../reconcile/reconciling-relay.ts';
import { UnverifiedEvents } from '../live/unverified-events.ts';

/** A recovery of one kind whose pages are over. */
interface Finished {
  readonly watch: KindWatch;
  readonly cause: RecoveryCause;
  readonly events: RecoveredEvents;
  readonly report: RecoveryReport;
}

/** What a recovery of one kind has brought. */
interface Recovered extends LearntEvents {
  readonly watch: KindWatch;
  /** Whether a second had more events than the relay gives for a page. */
  readonly isCrowded: boolean;
}

type RecoveryOrder = readonly [watch: KindWatch, cause: RecoveryCause];

export interface RecoveriesOptions {
  readonly relay: string;
  readonly session: RelaySession;
  readonly intake: RelayIntake;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  /** The time of day. */
  readonly clock: Clock;
  /** Measures the time that a recovery takes, in milliseconds. */
  readonly monotonic: Clock;
  /** Whether a recovery may begin: not while a subscription is about to become live. */
  readonly mayBegin: () => boolean;
  /** The relay's limits, as far as they are known by now. */
  readonly limits: () => RelayLimits;
  /** A page is over, of a recovery or of an audit. */
  readonly onPage: () => void;
  readonly reconciling: ReconcilingRelay;
  /** A recovery did not get all events of a second by pages. A reconciliation would. */
  readonly onCrowded: (watch: KindWatch) => void;
}

/**
 * The recoveries on one connection, beside its live subscriptions (contract 2). The relay is asked for one page at a time, and the kinds
 * take turns.
 *
 * Kinds that have a gap at the same time share one recovery, so that a device gets one wake for both. A recovery begins when no
 * subscription is about to become live: it absorbs events for a device that it has woken, so an event that is published after that wake
 * must come live. If the gap of a kind is found later, the kind gets a recovery of its own and does not wait for the current one.
 */
export class Recoveries {
  readonly #options: RecoveriesOptions;
  readonly #requested = new Map<KindWatch, RecoveryCause>();
  /** The kinds that are being recovered. */
  readonly #running = new Set<KindWatch>();
  /** Audits ask for their pages here too, in turn with the recoveries. */
  readonly pages: PageAsking;
  /** Audits reconcile here too. */
  readonly reconciling: Reconciling;
  /** The kinds whose stored events the relay refuses or contradicts. They are asked for again later. */
  readonly #refused = new Set<KindWatch>();
  readonly #again: Resubscription;
  /** The kinds with events that were dropped unverified, and the cause of the recovery that asks for them again. */
  readonly #dropped = new Map<KindWatch, RecoveryCause>();
  /** Decides when each of these kinds is asked for again. */
  readonly #unverified = new Map<KindWatch, UnverifiedEvents>();
  readonly #closed = new AbortController();

  constructor(options: RecoveriesOptions) {
    this.#options = options;
    this.#again = new Resubscription(options.timing);
    const { clock, limits, monotonic, onPage, reconciling, relay, session, telemetry, timing } = options;
    const { signal } = this.#closed;
    this.pages = new PageAsking({ session, timing, clock, monotonic, signal, onPage });
    this.reconciling = new Reconciling({
      relay,
      session,
      reconciling,
      telemetry,
      timing,
      clock,
      monotonic,
      maxMessage: () => limits().maxMessageLength,
      signal,
      inTurn: (work) => this.pages.inTurn(work),
    });
  }

  /** The subscription to this kind is live: its gap, if it has one, is recovered. */
  request(watch: KindWatch, cause: RecoveryCause): void {
    const { intake } = this.#options;
    if (cause === 'first' && watch.kind === SIGNED_MESSAGE_KIND && intake.hasRegistrations()) watch.missAll();
    this.#requested.set(watch, cause);
    this.advance();
  }

  /** Whether the kind is being recovered, or will be. */
  isBusy(watch: KindWatch): boolean {
    return this.#running.has(watch) || this.#requested.has(watch);
  }

  /** Begins the requested recoveries, if they may begin. */
  advance(): void {
    if (!this.#options.mayBegin() || this.#closed.signal.aborted) return;
    const batch: RecoveryOrder[] = [];
    for (const [watch, cause] of this.#requested) {
      if (this.#running.has(watch)) continue;
      this.#requested.delete(watch);
      // A kind that is not live requests a recovery again when it is.
      if (watch.isLive) batch.push([watch, cause]);
    }
    if (batch.length > 0) void this.#run(batch);
  }

  /**
   * Events of the kind were dropped without a verification. They may have been genuine. So the relay is asked for them again when events
   * for the flooded key can be verified again. If the connection ends before that, they are a part of its gap.
   *
   * @param since when the first of them could have come, in milliseconds; if absent, when the gap of the last recovery began
   */
  noteUnverified(watch: KindWatch, cause: RecoveryCause, since?: number): void {
    const { clock, timing } = this.#options;
    watch.noteUnverified(since);
    if (this.#closed.signal.aborted) return void watch.missUnverified();
    // Events that a first recovery dropped must still not wake anybody who registered after they were published.
    if (this.#dropped.get(watch) !== 'first') this.#dropped.set(watch, cause);
    let events = this.#unverified.get(watch);
    if (events === undefined)
      this.#unverified.set(watch, (events = new UnverifiedEvents(timing, () => this.#onDue(watch))));
    events.note(clock());
  }

  #onDue(watch: KindWatch): void {
    const cause = this.#dropped.get(watch) ?? 'gap';
    this.#dropped.delete(watch);
    if (watch.missUnverified()) this.request(watch, cause);
  }

  /** The connection has ended. */
  close(): void {
    this.#closed.abort();
    this.#again.stop();
    for (const events of this.#unverified.values()) events.flush();
  }

  async #run(orders: readonly RecoveryOrder[]): Promise<void> {
    // If nobody is registered, no page is asked for, and no kind has had a turn.
    const batch = this.#options.intake.hasRegistrations() ? inTurn(orders) : orders;
    const silences = batch.map(([watch]) => watch.silences);
    const isSound = (): boolean => batch.every(([watch], n) => watch.silences === silences[n]);
    const { intake } = this.#options;
    const recovery = beginRecovery({ intake, isAudit: false, arePagesShared: this.pages.areShared, isSound });
    const recovered = await Promise.all(
      batch.map(async ([watch, cause]) => {
        this.#running.add(watch);
        const got = await this.#recover(watch, cause, recovery);
        this.#running.delete(watch);
        this.advance();
        return got;
      }),
    );
    const wasSound = isSound();
    recovery.end(wasSound);
    if (wasSound) for (const got of recovered) if (got !== undefined) this.#learn(got);
  }

  #learn(got: Recovered): void {
    const { isCrowded, watch } = got;
    watch.learn(got);
    if (isCrowded && watch.known !== undefined) this.#options.onCrowded(watch);
  }

  /** @returns what came; `undefined` if nothing was asked for */
  async #recover(
    watch: KindWatch,
    cause: RecoveryCause,
    recovery: RecoveryIntake,
  ): Promise<Recovered | undefined> {
    const { limits, intake } = this.#options;
    if (!watch.isLive) return undefined;
    if (!intake.hasRegistrations()) {
      watch.forgetGap();
      return undefined;
    }
    const plan = watch.pagePlan(limits().maxLimit);
    if (plan === undefined || this.#closed.signal.aborted) return undefined;
    watch.keepGapUntil(recovery.wakesEnded);
    const events = new RecoveredEvents(intake, cause === 'first' ? 'stored' : recovery);
    const onLate = (isEarly: boolean, verdict: Verdict | Promise<Verdict>): void =>
      this.#takeLate(isEarly, verdict, watch, events.isOver);
    // The document of the relay may still be on its way.
    if (watch.known !== undefined || !this.#options.reconciling.isSettled) events.log = new EventLog();
    const isResumed = plan.report().pages > 0;
    await this.reconciling.prepare({ watch, plan, isUnhurried: false, onBytes: () => undefined });
    if (!(await this.pages.askAll({ watch, plan, events, onLate })))
      return { watch, log: events.log, isCrowded: false };
    const report = plan.report();
    events.isOver = true;
    if (this.#mayBeEarly(report)) this.#askPatiently(watch, cause);
    else this.#finish({ watch, cause, events, report });
    const isWhole = !isResumed && !events.hasUnverified && report.unrecovered === undefined;
    const isCrowded = report.crowdedSeconds > 0;
    return { watch, log: events.log, isCrowded, ...(isWhole && { since: plan.since }) };
  }

  #finish({ cause, events, report, watch }: Finished): void {
    const { relay, telemetry } = this.#options;
    const { found, hasUnverified } = events;
    const troubleBefore = watch.storedTrouble;
    watch.finishRecovery(report);
    // The same trouble is not reported every time.
    if (watch.storedTrouble === undefined || watch.storedTrouble !== troubleBefore)
      reportRecovery(telemetry, { relay, kind: watch.kind, cause, report, found, hasUnverified });
    if (watch.storedTrouble !== undefined) return this.#askLater(watch);
    this.#again.reset();
    if (hasUnverified) return this.noteUnverified(watch, cause);
    if (watch.hasGap && watch.isLive) this.#requested.set(watch, 'gap');
  }

  /** Whether the relay may seem inconsistent only because events came after the EOSE of their pages. */
  #mayBeEarly({ unrecovered }: RecoveryReport): boolean {
    const { hasLateEvents, isEoseLast } = this.#options.session;
    return unrecovered?.reason === 'inconsistent' && hasLateEvents && isEoseLast !== false;
  }

  #askPatiently(watch: KindWatch, cause: RecoveryCause): void {
    this.#options.session.isEoseLast = false;
    watch.restartRecovery();
    this.#requested.set(watch, cause);
  }

  #askLater(watch: KindWatch): void {
    this.#refused.add(watch);
    this.#again.after('refusal', () => {
      for (const one of this.#refused) this.request(one, 'gap');
      this.#refused.clear();
    });
  }

  /** An event that comes after its page has ended still counts. If EOSE came too early, the gap is asked for once more. */
  #takeLate(isEarly: boolean, verdict: Verdict | Promise<Verdict>, watch: KindWatch, isOver: boolean): void {
    if (isOver) void this.#noteLate(verdict, watch);
    if (!isEarly) return;
    watch.doubtRecovery();
    if (!this.#running.has(watch)) this.request(watch, 'gap');
  }

  /** The recovery has ended, so it does not ask again for events that are dropped unverified. */
  async #noteLate(verdict: Verdict | Promise<Verdict>, watch: KindWatch): Promise<void> {
    if ((await verdict) === 'unverified') this.noteUnverified(watch, 'gap');
  }
}

/**
 * The kinds in the order of their first pages: first the kind that was first less often, then kind 14, whose gaps are small. So a kind
 * whose page ends every connection does not keep the other kind from its page.
 */
function inTurn(orders: readonly RecoveryOrder[]): readonly RecoveryOrder[] {
  const sorted = orders.toSorted(([a], [b]) => a.timesFirst - b.timesFirst || a.kind - b.kind);
  const [first, second] = sorted.filter(([{ hasGap }]) => hasGap);
  if (first !== undefined && second !== undefined) first[0].timesFirst++;
  return sorted;
}
