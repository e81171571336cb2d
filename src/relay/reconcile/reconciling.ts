import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import type { RelaySession } from '../live/relay-session.ts';
import { EventIds } from './event-ids.ts';
import type { KnownEvents } from './known-events.ts';
import { negotiate, type Compared, type NegotiationEnd } from './negotiate.ts';
import { Probe } from './probe.ts';
import type { ReconciledPlan } from './reconciled-plan.ts';
import type { ReconcilingRelay } from './reconciling-relay.ts';
import { Reconciliation } from './reconciliation.ts';

/** No event is dated later: the last second of the year 9999. */
const END_OF_TIME = 253_402_300_800;
/** A relay may refuse to compare so many events at once. Its stretch of time is then halved, so often at most. */
const MOST_HALVINGS = 7;
/** The longest message that is sent, in bytes: half of what relays accept at least, since it is sent in hexadecimal digits. */
const MOST_MESSAGE_BYTES = 32 * 1024;
/** The rest of a message: its type, its id and the filter. */
const FRAME_BYTES = 256;
/** So many events that the relay has sent may be gone by now, by expiration (NIP-40) or deletion (NIP-09). */
const GONE_AT_MOST = 16;
/** The same as a share of all. */
const GONE_SHARE = 0.02;
/** A reconciliation may take as long as so many pages may pause. */
const PATIENCE_FACTOR = 4;

export interface ReconcilingOptions {
  readonly relay: string;
  readonly session: RelaySession;
  readonly reconciling: ReconcilingRelay;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  readonly clock: Clock;
  readonly monotonic: Clock;
  /** The longest message that the relay accepts (NIP-11). */
  readonly maxMessage: () => number | undefined;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** Does the work in turn with the pages, whose place it takes. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export interface ReconciledGap {
  readonly watch: KindWatch;
  readonly plan: ReconciledPlan;
  /** Whether half of the connection has to stay free. */
  readonly isUnhurried: boolean;
  readonly onBytes: (bytes: number) => void;
}

interface Stretch {
  readonly since: number;
  readonly until: number;
}

/** Asks the relay of one connection which events it has stored and this server does not know (NIP-77). */
export class Reconciling {
  readonly #options: ReconcilingOptions;
  /** The probe of this connection, for all kinds. */
  #probing: Promise<void> | undefined;

  constructor(options: ReconcilingOptions) {
    this.#options = options;
  }

  /** Whether a reconciliation may be begun now. */
  get mayBegin(): boolean {
    return this.#options.reconciling.mayBegin;
  }

  /** Gives the plan the ids of the missing events, if the relay tells them. Otherwise the plan asks for pages. */
  async prepare(gap: ReconciledGap): Promise<void> {
    const { inTurn, reconciling, relay, session, signal, telemetry } = this.#options;
    const { plan, watch } = gap;
    if (!plan.isToReconcile) return;
    const { known } = watch;
    // With one place, a negotiation has none.
    if (known === undefined || session.sharesPages) return plan.failed();
    plan.beginReconciliation();
    const missing = new EventIds();
    const end = await inTurn(async () => {
      // Another kind may have failed meanwhile.
      if (!reconciling.mayBegin) return 'resting';
      const how = await this.#reconcile(gap, known, missing);
      if (how !== 'lost') reconciling.ended(how === 'done');
      return how;
    });
    if (end === 'resting') return plan.failed();
    if (signal.aborted || end === 'lost') return plan.cutOff();
    const isDone = end === 'done';
    // Events that the relay no longer has would differ every time. The pages that follow bring those that it has.
    if (end === 'lacking') known.forget();
    telemetry.count('relay_reconciliations', { outcome: isDone ? 'complete' : end });
    const { kind } = watch;
    if (isDone) telemetry.log('relay.reconciled', { relay, kind, count: missing.count });
    else telemetry.log('relay.reconciliation_failed', { relay, kind, reason: end });
    if (isDone) plan.found(missing);
    else plan.failed();
  }

  /** Finds out whether a relay without a NIP-11 document offers reconciliations, by one short question. */
  probe(watch: KindWatch): Promise<void> {
    this.#probing ??= this.#probe(watch);
    return this.#probing;
  }

  async #probe(watch: KindWatch): Promise<void> {
    const { clock, inTurn, reconciling, session, signal } = this.#options;
    if (reconciling.isSettled || session.sharesPages || signal.aborted) return;
    // Before the answer: a relay that ends the connection is not asked again.
    reconciling.probed(false);
    const gap = { watch, isUnhurried: true, onBytes: () => undefined };
    const now = unixSeconds(clock);
    const end = await inTurn(() => this.#negotiate(gap, new Probe(now), { since: now, until: END_OF_TIME }));
    if (end === 'done') reconciling.probed(true);
  }

  async #reconcile(
    gap: ReconciledGap,
    known: KnownEvents,
    missing: EventIds,
  ): Promise<NegotiationEnd | 'lacking'> {
    const left: Stretch[] = [{ since: gap.plan.since, until: END_OF_TIME }];
    let halvings = 0;
    let lacking = 0;
    for (let stretch = left.pop(); stretch !== undefined; stretch = left.pop()) {
      const reconciliation = this.#reconciliation(gap, known, missing, stretch);
      const end = await this.#negotiate(gap, reconciliation, stretch);
      if (end === 'blocked' && ++halvings <= MOST_HALVINGS) left.push(...this.#halves(stretch));
      else if (end !== 'done') return end;
      else if (reconciliation.lackingSamples > 0 || reconciliation.mayBeCutOff) return 'lacking';
      else lacking += reconciliation.lacking;
    }
    return lacking > Math.max(GONE_AT_MOST, GONE_SHARE * known.count) ? 'lacking' : 'done';
  }

  #reconciliation(
    { plan }: ReconciledGap,
    known: KnownEvents,
    missing: EventIds,
    { since, until }: Stretch,
  ): Reconciliation {
    const accepted = ((this.#options.maxMessage() ?? Infinity) - FRAME_BYTES) / 2;
    return new Reconciliation({
      known,
      missing,
      since,
      until,
      now: unixSeconds(this.#options.clock),
      expectedShare: plan.expectedShare,
      samples: plan.samples,
      mostBytes: Math.min(MOST_MESSAGE_BYTES, Math.floor(accepted)),
      mostMissing: plan.mostEvents,
    });
  }

  #negotiate(
    { isUnhurried, onBytes, watch }: Omit<ReconciledGap, 'plan'>,
    compared: Compared,
    { since, until }: Stretch,
  ): Promise<NegotiationEnd> {
    const { monotonic, session, signal, timing } = this.#options;
    const { pageTimeoutMs } = timing;
    return negotiate({
      negotiations: session.negotiations,
      // A relay may exclude the ends.
      filter: {
        kinds: [watch.kind],
        since: Math.max(0, since - 1),
        ...(until !== END_OF_TIME && { until }),
      },
      compared,
      answerMs: pageTimeoutMs,
      wholeMs: PATIENCE_FACTOR * pageTimeoutMs,
      monotonic,
      isUnhurried,
      onBytes,
      signal,
    });
  }

  #halves({ since, until }: Stretch): Stretch[] {
    const end = Math.min(until, unixSeconds(this.#options.clock));
    const middle = Math.max(since + 1, Math.floor((since + end) / 2));
    return [
      { since, until: middle },
      { since: middle, until },
    ];
  }
}
