import type {
  GapRecoveryOptions,
  IdPage,
  Page,
  PagePlan,
  RecoveryReport,
  UnrecoveredReason,
} from '../gaps/page-plan.ts';
import type { EoseHint } from '../wire/relay-message.ts';
import type { LiveSample } from '../gaps/live-samples.ts';
import type { EventIds } from './event-ids.ts';
import { MissingEvents } from './missing-events.ts';

/** How often a reconciliation of one gap is begun: a connection may end meanwhile. */
const MAX_TRIES = 2;

export interface ReconciledPlanOptions {
  readonly gap: GapRecoveryOptions;
  /** Plans the pages of the whole gap. */
  readonly pages: PagePlan;
  /** How many events are probably missing, as a share of those that are stored. */
  readonly expectedShare: number;
  /** Events that the relay has sent live, and must have stored. */
  readonly samples: readonly LiveSample[];
  /** Whether a reconciliation (NIP-77) would be of use here. */
  readonly mayReconcile: boolean;
}

/** Plans the pages of a gap: for the ids that a reconciliation found, or, without one, for everything that the relay has stored. */
export class ReconciledPlan implements PagePlan {
  readonly #options: ReconciledPlanOptions;
  #tries = 0;
  #missing: MissingEvents | undefined;
  #isByPages: boolean;

  constructor(options: ReconciledPlanOptions) {
    this.#options = options;
    this.#isByPages = !options.mayReconcile;
  }

  /** Where the gap begins, in unix seconds. */
  get since(): number {
    return this.#options.gap.since;
  }

  get expectedShare(): number {
    return this.#options.expectedShare;
  }

  get samples(): readonly LiveSample[] {
    return this.#options.samples;
  }

  /** How many events may be asked for. */
  get mostEvents(): number {
    return this.#options.gap.bounds.events;
  }

  /** Whether all stored events are asked for, and not the missing ones alone. */
  get isByPages(): boolean {
    return this.#isByPages;
  }

  /** Whether the relay is to be asked for the ids that it has. */
  get isToReconcile(): boolean {
    return !this.#isByPages && this.#missing === undefined;
  }

  beginReconciliation(): void {
    this.#tries++;
  }

  /** The reconciliation has found the missing events. */
  found(ids: EventIds): void {
    this.#missing = new MissingEvents(ids, this.#options.gap);
  }

  /** The connection has ended before the reconciliation. */
  cutOff(): void {
    if (this.#tries >= MAX_TRIES) this.#isByPages = true;
  }

  /** The relay gives no answer that is of use. */
  failed(): void {
    this.#isByPages = true;
  }

  get #current(): PagePlan {
    return this.#isByPages ? this.#options.pages : (this.#missing ?? this.#options.pages);
  }

  next(): Page | IdPage | undefined {
    const page = this.#current.next();
    if (page !== undefined || this.#isByPages || this.#missing?.hasFailed !== true) return page;
    this.#isByPages = true;
    return this.#current.next();
  }

  received(createdAt: number, id: string): boolean {
    return this.#current.received(createdAt, id);
  }

  leftOut(): void {
    this.#current.leftOut();
  }

  get isUnread(): boolean {
    return this.#current.isUnread;
  }

  ended(hint?: EoseHint): void {
    this.#current.ended(hint);
  }

  refused(narrower: boolean): boolean {
    return this.#current.refused(narrower);
  }

  lost(now: number): void {
    this.#current.lost(now);
  }

  spent(ms: number): void {
    this.#current.spent(ms);
  }

  giveUp(reason: UnrecoveredReason): void {
    this.#current.giveUp(reason);
  }

  report(): RecoveryReport {
    const report = this.#current.report();
    const { unrecovered } = report;
    // The pages for missing ids count too, if the relay then did not give them.
    const before = this.#isByPages ? this.#missing?.report() : undefined;
    return {
      ...report,
      pages: report.pages + (before?.pages ?? 0),
      events: report.events + (before?.events ?? 0),
      ...(unrecovered && {
        unrecovered: { ...unrecovered, since: Math.max(this.#options.gap.since, unrecovered.since) },
      }),
    };
  }
}
