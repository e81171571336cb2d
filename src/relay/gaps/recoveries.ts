import { setTimeout as delay } from 'node:timers/promises';

import { Backoff } from '../../core/basics/backoff.ts';
import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import type { RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { Recovery } from '../../core/waking/recovery.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { askPage, PATIENCE_FACTOR, type PageEnd } from './ask-page.ts';
import { CLOSED_REACTIONS } from '../live/closed-reaction.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import { Haul } from './recovered-events.ts';
import { PageTurns } from './page-turns.ts';
import type { Page, PagePlan, RecoveryReport } from './page-plan.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import type { RelaySession } from '../live/relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import { Resubscription } from '../live/resubscription.ts';
import { reportRecovery } from './report-recovery.ts';
import { UnverifiedEvents } from '../live/unverified-events.ts';

/** Why a subscription is caught up on: the first one may have begun after a phone had registered (contract 2). */
export type RecoveryCause = 'first' | 'gap' | 'silence';

type RecoveryOrder = readonly [watch: KindWatch, cause: RecoveryCause];

export interface RecoveriesOptions {
  readonly relay: string;
  readonly session: RelaySession;
  readonly sink: RelayIntake;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  /** The time of day. */
  readonly clock: Clock;
  /** What a recovery spends is counted by, in milliseconds. */
  readonly monotonic: Clock;
  /** Whether no subscription is about to become live. */
  readonly isSettled: () => boolean;
  /** The relay's `max_limit` (NIP-11). */
  readonly maxLimit: () => number | undefined;
}

/**
 * Catches up on one connection, beside its live subscriptions: page by page, one page at a time, the kinds in turn (contract 2).
 *
 * Kinds that have a gap at the same time are one recovery, which gives a device one wake. It begins only when no
 * subscription is about to become live any more: what comes after a device was woken must come live, for it is absorbed here.
 * A kind whose gap is found later does not wait for a recovery under way: it has one of its own, beside that one.
 */
export class Recoveries {
  readonly #options: RecoveriesOptions;
  readonly #requested = new Map<KindWatch, RecoveryCause>();
  /** The kinds that are being caught up on. */
  readonly #running = new Set<KindWatch>();
  readonly #turns = new PageTurns();
  /** The kinds whose gaps were refused, and when they are asked for again. */
  readonly #refused = new Set<KindWatch>();
  readonly #again: Resubscription;
  /** The kinds of which events were dropped unverified, and why each is asked for again. */
  readonly #dropped = new Map<KindWatch, RecoveryCause>();
  /** When each of them is asked for again. */
  readonly #unverified = new Map<KindWatch, UnverifiedEvents>();
  readonly #closed = new AbortController();

  constructor(options: RecoveriesOptions) {
    this.#options = options;
    this.#again = new Resubscription(options.timing);
  }

  /** The subscription to this kind is live: whatever it missed is caught up on. */
  request(watch: KindWatch, cause: RecoveryCause): void {
    const { sink } = this.#options;
    if (cause === 'first' && watch.kind === SIGNED_MESSAGE_KIND && sink.hasRegistrations()) watch.missAll();
    this.#requested.set(watch, cause);
    this.advance();
  }

  /** Begins with what was requested, unless something still stands in the way. */
  advance(): void {
    if (!this.#options.isSettled() || this.#closed.signal.aborted) return;
    const batch: RecoveryOrder[] = [];
    for (const [watch, cause] of this.#requested) {
      if (this.#running.has(watch)) continue;
      this.#requested.delete(watch);
      // What is not live asks again when it is.
      if (watch.isLive) batch.push([watch, cause]);
    }
    if (batch.length > 0) void this.#run(batch);
  }

  /**
   * Events of the kind were dropped unverified, live or by a recovery. They may have been genuine: the relay is asked for what it
   * stored since then, when the flooded key can be verified again. Where the connection ends before that, they are a part of its gap.
   *
   * @param since when the first of them could have come, in milliseconds; unless given, when the gap of the last recovery began
   */
  noteUnverified(watch: KindWatch, cause: RecoveryCause, since?: number): void {
    const { clock, timing } = this.#options;
    watch.noteUnverified(since);
    if (this.#closed.signal.aborted) return void watch.missUnverified();
    // What a first recovery has dropped still wakes only those who had registered before it was published.
    if (this.#dropped.get(watch) !== 'first') this.#dropped.set(watch, cause);
    let events = this.#unverified.get(watch);
    if (events === undefined)
      this.#unverified.set(watch, (events = new UnverifiedEvents(timing, () => this.#onAffordable(watch))));
    events.note(clock());
  }

  #onAffordable(watch: KindWatch): void {
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
    // Where nobody is registered no page is asked for, and no kind has had a turn.
    const batch = this.#options.sink.hasRegistrations() ? inTurn(orders) : orders;
    const silences = batch.map(([watch]) => watch.silences);
    const recovery = this.#options.sink.beginRecovery();
    await Promise.all(
      batch.map(async ([watch, cause]) => {
        this.#running.add(watch);
        await this.#recover(watch, cause, recovery);
        this.#running.delete(watch);
        this.advance();
      }),
    );
    recovery.isSound = batch.every(([watch], n) => watch.silences === silences[n]);
    recovery[Symbol.dispose]();
  }

  async #recover(watch: KindWatch, cause: RecoveryCause, recovery: Recovery): Promise<void> {
    const { maxLimit, relay, sink, telemetry } = this.#options;
    if (!watch.isLive) return;
    if (!sink.hasRegistrations()) return watch.forgetGap();
    const gap = watch.recovery(maxLimit());
    if (gap === undefined || this.#closed.signal.aborted) return;
    watch.holdUntil(recovery.settled);
    const haul = new Haul(cause === 'first' ? 'stored' : recovery);
    if (!(await this.#pages(watch, gap, haul))) return;
    const report = gap.report();
    haul.isOver = true;
    if (this.#mayBeEarly(report)) return this.#askPatiently(watch, cause);
    const { found, hasUnverified } = haul;
    const troubleBefore = watch.storedTrouble;
    watch.finishRecovery(report);
    // A relay that goes on refusing is not reported every time.
    if (watch.storedTrouble === undefined || watch.storedTrouble !== troubleBefore)
      reportRecovery(telemetry, { relay, kind: watch.kind, cause, report, found, hasUnverified });
    if (watch.storedTrouble !== undefined) return this.#askLater(watch);
    this.#again.reset();
    if (hasUnverified) return this.noteUnverified(watch, cause);
    if (watch.hasGap && watch.isLive) this.#requested.set(watch, 'gap');
  }

  /** Whether a relay seems to contradict itself for want of patience alone: events came after the EOSE of their pages. */
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

  /** @returns whether there is nothing more to ask; not so when the connection ended */
  async #pages(watch: KindWatch, gap: PagePlan, haul: Haul): Promise<boolean> {
    const { monotonic, timing } = this.#options;
    const backoff = new Backoff(timing.nextPage);
    for (;;) {
      const end = await this.#turns.take(() => this.#nextPage(watch, gap, haul));
      if (end === undefined) return true;
      // Not in its turn: the other kinds need not wait for this one.
      if (end !== 'lost' && end !== 'eose' && end !== 'silent') {
        const begun = monotonic();
        await this.#onRefused(gap, end, backoff);
        this.#spend(gap, monotonic() - begun);
      }
      if (this.#closed.signal.aborted) return false;
      if (end === 'eose') backoff.reset();
    }
  }

  /** @returns how the page ended; `undefined` where there was none left to ask for */
  async #nextPage(watch: KindWatch, gap: PagePlan, haul: Haul): Promise<PageEnd | undefined> {
    const { clock, monotonic } = this.#options;
    // Its turn came too late: no page was lost.
    if (this.#closed.signal.aborted) return 'lost';
    const page = gap.next();
    if (page === undefined) return undefined;
    const begun = monotonic();
    const end = await this.#ask(watch, page, gap, haul);
    // The recovery must not end before all that it brought has been judged.
    await haul.judged();
    if (end === 'lost' || (end === 'eose' && gap.isUnread)) gap.lost(unixSeconds(clock));
    else if (end === 'eose') gap.ended();
    else if (end === 'silent') this.#onSilent(gap);
    this.#spend(gap, monotonic() - begun);
    return end;
  }

  /** While the machine slept nobody asked: no page takes longer than it is waited for. */
  #spend(gap: PagePlan, ms: number): void {
    gap.spent(Math.min(ms, PATIENCE_FACTOR * this.#options.timing.pageTimeoutMs));
  }

  #ask(watch: KindWatch, page: Page, gap: PagePlan, haul: Haul): Promise<PageEnd> {
    const { session, timing } = this.#options;
    const filter = { kinds: [watch.kind], ...page };
    return askPage({
      session,
      filter,
      timeoutMs: timing.pageTimeoutMs,
      lingerMs: timing.eoseLingerMs,
      signal: this.#closed.signal,
      onEvent: (frame) => this.#take(frame, watch, gap, haul),
      onTooLong: () => gap.leftOut(),
      onLate: (frame, isEarly) => this.#takeLate(frame, isEarly, watch, haul),
    });
  }

  /** Nobody knows whether there is nothing or no answer, unless the relay has given something before. */
  #onSilent(gap: PagePlan): void {
    if (gap.report().events > 0) gap.ended();
    else gap.giveUp('unanswered');
  }

  /** What comes after its page has ended counts all the same; too much of it, and the gap is asked for once more. */
  #takeLate(frame: SubscriptionFrame, isEarly: boolean, watch: KindWatch, haul: Haul): void {
    watch.noteStored();
    const verdict = this.#options.sink.admit(frame, haul.origin);
    haul.add(verdict);
    if (haul.isOver) void this.#noteLate(verdict, watch);
    if (!isEarly) return;
    watch.doubtRecovery();
    if (!this.#running.has(watch)) this.request(watch, 'gap');
  }

  /** The recovery has ended and no longer asks again for what is dropped of it. */
  async #noteLate(verdict: Verdict | Promise<Verdict>, watch: KindWatch): Promise<void> {
    if ((await verdict) === 'unverified') this.noteUnverified(watch, 'gap');
  }

  #take(frame: SubscriptionFrame, watch: KindWatch, gap: PagePlan, haul: Haul): boolean {
    watch.noteStored();
    haul.add(this.#options.sink.admit(frame, haul.origin));
    return gap.received(frame.createdAt, frame.id);
  }

  async #onRefused(
    gap: PagePlan,
    reason: Exclude<PageEnd, 'eose' | 'silent' | 'lost'>,
    backoff: Backoff,
  ): Promise<void> {
    const { page } = CLOSED_REACTIONS[reason];
    if (page === 'never') return gap.giveUp('refused');
    if (gap.refused(page === 'narrower')) backoff.reset();
    // Rejects only when the connection ends, which the caller sees.
    await delay(backoff.next(), undefined, { signal: this.#closed.signal }).catch(() => undefined);
  }
}

/**
 * The kinds in the order of their first pages: whichever went first less often, and of two the signed messages, which are
 * today's default and whose gap is small. So a kind whose page ends every connection does not keep the other from its own.
 */
function inTurn(orders: readonly RecoveryOrder[]): readonly RecoveryOrder[] {
  const sorted = orders.toSorted(([a], [b]) => a.timesFirst - b.timesFirst || a.kind - b.kind);
  const [first, second] = sorted.filter(([{ hasGap }]) => hasGap);
  if (first !== undefined && second !== undefined) first[0].timesFirst++;
  return sorted;
}
