import { setTimeout as delay } from 'node:timers/promises';

import { Backoff } from '../../core/basics/backoff.ts';
import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import type { RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { askPage, PATIENCE_FACTOR, type PageEnd } from './ask-page.ts';
import { CLOSED_REACTIONS } from '../live/closed-reaction.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import { RecoveredEvents } from './recovered-events.ts';
import { PageTurns } from './page-turns.ts';
import type { Page, PagePlan, RecoveryReport } from './page-plan.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import type { RelaySession } from '../live/relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import { Resubscription } from '../live/resubscription.ts';
import { reportRecovery, type RecoveryCause } from './report-recovery.ts';
import { UnverifiedEvents } from '../live/unverified-events.ts';

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
  /** The relay's `max_limit` (NIP-11). */
  readonly maxLimit: () => number | undefined;
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
  readonly #turns = new PageTurns();
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
  }

  /** The subscription to this kind is live: its gap, if it has one, is recovered. */
  request(watch: KindWatch, cause: RecoveryCause): void {
    const { intake } = this.#options;
    if (cause === 'first' && watch.kind === SIGNED_MESSAGE_KIND && intake.hasRegistrations()) watch.missAll();
    this.#requested.set(watch, cause);
    this.advance();
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
    const recovery = this.#options.intake.beginRecovery();
    await Promise.all(
      batch.map(async ([watch, cause]) => {
        this.#running.add(watch);
        await this.#recover(watch, cause, recovery);
        this.#running.delete(watch);
        this.advance();
      }),
    );
    recovery.end(batch.every(([watch], n) => watch.silences === silences[n]));
  }

  async #recover(watch: KindWatch, cause: RecoveryCause, recovery: RecoveryIntake): Promise<void> {
    const { maxLimit, intake, relay, telemetry } = this.#options;
    if (!watch.isLive) return;
    if (!intake.hasRegistrations()) return watch.forgetGap();
    const plan = watch.pagePlan(maxLimit());
    if (plan === undefined || this.#closed.signal.aborted) return;
    watch.keepGapUntil(recovery.wakesEnded);
    const events = new RecoveredEvents(intake, cause === 'first' ? 'stored' : recovery);
    if (!(await this.#pages(watch, plan, events))) return;
    const report = plan.report();
    events.isOver = true;
    if (this.#mayBeEarly(report)) return this.#askPatiently(watch, cause);
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

  /** @returns true if nothing is left to ask for; false if the connection has ended */
  async #pages(watch: KindWatch, plan: PagePlan, events: RecoveredEvents): Promise<boolean> {
    const { monotonic, timing } = this.#options;
    const backoff = new Backoff(timing.nextPage);
    for (;;) {
      const end = await this.#turns.take(() => this.#nextPage(watch, plan, events));
      if (end === undefined) return true;
      // Outside the turn, so that the other kind does not wait too.
      if (end !== 'lost' && end !== 'eose' && end !== 'silent') {
        const begun = monotonic();
        await this.#onRefused(plan, end, backoff);
        this.#spend(plan, monotonic() - begun);
      }
      if (this.#closed.signal.aborted) return false;
      if (end === 'eose') backoff.reset();
    }
  }

  /** @returns how the page ended; `undefined` if none was left to ask for */
  async #nextPage(watch: KindWatch, plan: PagePlan, events: RecoveredEvents): Promise<PageEnd | undefined> {
    const { clock, monotonic } = this.#options;
    // The connection ended before this turn: no page was lost.
    if (this.#closed.signal.aborted) return 'lost';
    const page = plan.next();
    if (page === undefined) return undefined;
    const begun = monotonic();
    const end = await this.#ask(watch, page, plan, events);
    // The recovery must not end before its events have been judged.
    await events.judged();
    if (end === 'lost' || (end === 'eose' && plan.isUnread)) plan.lost(unixSeconds(clock));
    else if (end === 'eose') plan.ended();
    else if (end === 'silent') this.#onSilent(plan);
    this.#spend(plan, monotonic() - begun);
    return end;
  }

  /** The machine may have slept meanwhile: no more is counted than a page is waited for. */
  #spend(plan: PagePlan, ms: number): void {
    plan.spent(Math.min(ms, PATIENCE_FACTOR * this.#options.timing.pageTimeoutMs));
  }

  #ask(watch: KindWatch, page: Page, plan: PagePlan, events: RecoveredEvents): Promise<PageEnd> {
    const { session, timing } = this.#options;
    const filter = { kinds: [watch.kind], ...page };
    return askPage({
      session,
      filter,
      timeoutMs: timing.pageTimeoutMs,
      lingerMs: timing.eoseLingerMs,
      signal: this.#closed.signal,
      onEvent: (frame) => this.#take(frame, watch, plan, events),
      onTooLong: () => plan.leftOut(),
      onLate: (frame, isEarly) => this.#takeLate(frame, isEarly, watch, events),
    });
  }

  /** The page may be empty, or the relay may not answer at all. A relay that gave events before does answer. */
  #onSilent(plan: PagePlan): void {
    if (plan.report().events > 0) plan.ended();
    else plan.giveUp('unanswered');
  }

  /** An event that comes after its page has ended still counts. If EOSE came too early, the gap is asked for once more. */
  #takeLate(frame: SubscriptionFrame, isEarly: boolean, watch: KindWatch, events: RecoveredEvents): void {
    watch.noteStored();
    const verdict = events.admit(frame);
    if (events.isOver) void this.#noteLate(verdict, watch);
    if (!isEarly) return;
    watch.doubtRecovery();
    if (!this.#running.has(watch)) this.request(watch, 'gap');
  }

  /** The recovery has ended, so it does not ask again for events that are dropped unverified. */
  async #noteLate(verdict: Verdict | Promise<Verdict>, watch: KindWatch): Promise<void> {
    if ((await verdict) === 'unverified') this.noteUnverified(watch, 'gap');
  }

  #take(frame: SubscriptionFrame, watch: KindWatch, plan: PagePlan, events: RecoveredEvents): boolean {
    watch.noteStored();
    void events.admit(frame);
    return plan.received(frame.createdAt, frame.id);
  }

  async #onRefused(
    plan: PagePlan,
    reason: Exclude<PageEnd, 'eose' | 'silent' | 'lost'>,
    backoff: Backoff,
  ): Promise<void> {
    const { page } = CLOSED_REACTIONS[reason];
    if (page === 'never') return plan.giveUp('refused');
    if (plan.refused(page === 'narrower')) backoff.reset();
    // Rejects only if the connection ends, which the caller checks.
    await delay(backoff.next(), undefined, { signal: this.#closed.signal }).catch(() => undefined);
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
