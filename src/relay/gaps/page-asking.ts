import { setTimeout as delay } from 'node:timers/promises';

import { Backoff } from '../../core/basics/backoff.ts';
import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import type { Verdict } from '../../core/intake/event-intake.ts';
import type { AuditPlaces } from './audit-places.ts';
import type { AuditCost } from './audit-schedule.ts';
import { askPage, isEose, PATIENCE_FACTOR, type PageEnd } from './ask-page.ts';
import { CLOSED_REACTIONS } from '../live/closed-reaction.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { RecoveredEvents } from './recovered-events.ts';
import { PageTurns } from './page-turns.ts';
import type { IdPage, Page, PagePlan } from './page-plan.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import type { RelaySession } from '../live/relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

export interface PageAskingOptions {
  readonly session: RelaySession;
  readonly timing: RelayTiming;
  readonly clock: Clock;
  readonly monotonic: Clock;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** A page is over. */
  readonly onPage: () => void;
}

/** A stretch of time whose pages are asked for, one after the other. */
export interface AskedPages {
  readonly watch: KindWatch;
  readonly plan: PagePlan;
  readonly events: RecoveredEvents;
  /** An event came after its page had ended. @param isEarly whether this shows that EOSE came too early */
  readonly onLate: (isEarly: boolean, verdict: Verdict | Promise<Verdict>) => void;
  /** What is different for the pages of an audit; absent: these are pages of a recovery. */
  readonly audit?: AuditedPages;
}

/** The pages of an audit wait for each other, and after each page for as long as the page took. So half of the connection stays free. */
export interface AuditedPages {
  /** Where the pages of all relays wait for their turn. */
  readonly places: AuditPlaces;
  /** What the pages have cost. */
  readonly cost: AuditCost;
  /** How many bytes may come. */
  readonly mostBytes: number;
}

/** Asks for the pages of one connection: one page at a time, in turn for everything that asks. */
export class PageAsking {
  readonly #options: PageAskingOptions;
  readonly #turns = new PageTurns();

  constructor(options: PageAskingOptions) {
    this.#options = options;
  }

  /** Whether pages have no place of their own. Then a live event may come as an event of a page. */
  get areShared(): boolean {
    return this.#options.session.sharesPages;
  }

  /** Does something else that needs the place of a page, in turn with the pages. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(work).finally(() => this.#options.onPage());
  }

  /** @returns true if nothing is left to ask for; false if the connection has ended */
  async askAll(asked: AskedPages): Promise<boolean> {
    const { monotonic, signal, timing } = this.#options;
    const { audit, plan } = asked;
    const backoff = new Backoff(timing.nextPage);
    for (;;) {
      let tookMs = 0;
      const inTurn = (): Promise<PageEnd | undefined> =>
        this.#turns.take(async () => {
          const begun = monotonic();
          const pageEnd = await this.#nextPage(asked);
          tookMs = monotonic() - begun;
          return pageEnd;
        });
      const end = await (audit === undefined ? inTurn() : audit.places.take(inTurn));
      if (audit !== undefined) audit.cost.ms += tookMs;
      if (end === undefined) return true;
      // Outside the turn, so that the other kind does not wait too.
      if (end !== 'lost' && !isEose(end) && end !== 'silent') {
        const begun = monotonic();
        await this.#onRefused(plan, end, backoff);
        this.#spend(plan, monotonic() - begun);
      }
      if (audit !== undefined) await this.#wait(tookMs);
      if (signal.aborted) return false;
      if (isEose(end)) backoff.reset();
    }
  }

  /** @returns how the page ended; `undefined` if none was left to ask for */
  async #nextPage(asked: AskedPages): Promise<PageEnd | undefined> {
    const { clock, monotonic, signal } = this.#options;
    const { events, plan } = asked;
    // The connection ended before this turn: no page was lost.
    if (signal.aborted) return 'lost';
    const page = plan.next();
    if (page === undefined) return undefined;
    const begun = monotonic();
    const end = await this.#ask(page, asked);
    this.#options.onPage();
    // The pages must not be over before their events have been judged.
    await events.judged();
    if (end === 'lost' || (isEose(end) && plan.isUnread)) plan.lost(unixSeconds(clock));
    else if (isEose(end)) plan.ended(end === 'eose' ? undefined : end);
    else if (end === 'silent') this.#onSilent(plan);
    this.#spend(plan, monotonic() - begun);
    return end;
  }

  /** The machine may have slept meanwhile: no more is counted than a page is waited for. */
  #spend(plan: PagePlan, ms: number): void {
    plan.spent(Math.min(ms, PATIENCE_FACTOR * this.#options.timing.pageTimeoutMs));
  }

  #ask(page: Page | IdPage, asked: AskedPages): Promise<PageEnd> {
    const { session, signal, timing } = this.#options;
    const { events, onLate, plan, watch } = asked;
    const filter = { kinds: [watch.kind], ...page };
    return askPage({
      session,
      filter,
      timeoutMs: timing.pageTimeoutMs,
      lingerMs: timing.eoseLingerMs,
      signal,
      onEvent: (frame) => this.#take(frame, asked),
      onTooLong: () => plan.leftOut(),
      onLate: (frame, isEarly) => {
        watch.noteStored();
        onLate(isEarly, events.admit(frame));
      },
    });
  }

  #take(frame: SubscriptionFrame, { audit, events, plan, watch }: AskedPages): boolean {
    watch.noteStored();
    void events.admit(frame);
    if (audit !== undefined && (audit.cost.bytes += frame.size) > audit.mostBytes) plan.giveUp('bytes');
    return plan.received(frame.createdAt, frame.id);
  }

  /** The page may be empty, or the relay may not answer at all. A relay that gave events before does answer. */
  #onSilent(plan: PagePlan): void {
    if (plan.report().events > 0) plan.ended();
    else plan.giveUp('unanswered');
  }

  async #onRefused(plan: PagePlan, reason: ReasonPrefix, backoff: Backoff): Promise<void> {
    const { page } = CLOSED_REACTIONS[reason];
    if (page === 'never') return plan.giveUp('refused');
    if (plan.refused(page === 'narrower')) backoff.reset();
    await this.#wait(backoff.next());
  }

  async #wait(ms: number): Promise<void> {
    // Rejects only if the connection ends, which the caller checks.
    await delay(ms, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }
}
