import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';

/** How often a relay is audited for one kind, in milliseconds. */
export interface AuditBeat {
  /** The wait after an audit by which the relay had dropped something, and the least wait of the beat. */
  readonly minMs: number;
  /** The first wait. */
  readonly baseMs: number;
  /** The wait doubles up to this while audits find nothing. */
  readonly maxMs: number;
}

/**
 * How an audit ended.
 * - `clean`: nothing was missing; `missed`: the relay had dropped an event, whoever it was for; `idle`: nobody is registered, so nothing was
 *   asked for.
 * - `failed`: the relay did not give all that was asked for, or a bound was hit.
 * - `cut`: the connection ended.
 */
export type AuditEnd = 'clean' | 'missed' | 'idle' | 'failed' | 'cut';

/** What an audit has cost: how much the relay has sent, and how long it took for that, in milliseconds. */
export interface AuditCost {
  bytes: number;
  ms: number;
}

/** The next audit is at least this many times as far away as the pages of the last one took, so that audits take a small part of the time. */
const REST_FACTOR = 10;
/** How many bytes a millisecond of audits bring in the long run: at most some 5 GB a day, at a relay with very many events. */
const BYTES_PER_MS = 64;
/** A standstill is followed by no audit within this time after the last one, however little that one cost. In milliseconds. */
const LEAST_REST_MS = 10 * SECOND_MS;

export interface AuditScheduleOptions {
  readonly beat: AuditBeat;
  /** How long after a standstill an audit comes, in milliseconds. The events that are under way have come by then. */
  readonly afterStandstillMs: number;
  /** The time of day, in milliseconds. */
  readonly clock: Clock;
  /** Measures waits, in milliseconds. */
  readonly monotonic: Clock;
}

/**
 * Decides when one relay is audited next for one kind, and from when on. It lasts over all connections. While audits find nothing, the
 * beat slows down. When one finds something, the beat is quick again, and after a standstill an audit comes soon.
 */
export class AuditSchedule {
  readonly #options: AuditScheduleOptions;
  #waitMs: number;
  /** When the next audit is due, and the earliest time at which a standstill may bring it forward, by the monotonic clock. */
  #dueAt: number;
  #restsUntil = -Infinity;
  /** Until when the relay's events have been audited, by the time of day. */
  #auditedUntil: number;
  /** The current audit: when it began, by the time of day, and whether a standstill happened meanwhile. */
  #current: { readonly at: number; hasStoodStill: boolean } | undefined;

  constructor(options: AuditScheduleOptions) {
    this.#options = options;
    this.#waitMs = options.beat.baseMs;
    this.#dueAt = options.monotonic() + this.#waitMs;
    this.#auditedUntil = options.clock();
  }

  /** Since when the relay's events have not been audited, by the time of day, in milliseconds. */
  get since(): number {
    return this.#auditedUntil;
  }

  /** How long until the next audit is due, in milliseconds; 0 if it is due. */
  get waitMs(): number {
    return Math.max(0, this.#dueAt - this.#options.monotonic());
  }

  /** The program, or the reading of the relay, stood still: the relay may have dropped events meanwhile. */
  standstill(): void {
    if (this.#current !== undefined) this.#current.hasStoodStill = true;
    const soon = this.#options.monotonic() + this.#options.afterStandstillMs;
    this.#dueAt = Math.min(this.#dueAt, Math.max(soon, this.#restsUntil));
  }

  begin(): void {
    this.#current = { at: this.#options.clock(), hasStoodStill: false };
  }

  /**
   * The audit is over.
   *
   * @param cost the time that its pages took, without the wait for other audits; absent: it has asked for nothing
   */
  end(outcome: AuditEnd, cost: AuditCost = { bytes: 0, ms: 0 }): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { beat, monotonic } = this.#options;
    const now = monotonic();
    if (outcome !== 'failed' && outcome !== 'cut') this.#auditedUntil = current.at;
    this.#waitMs = this.#nextWait(outcome);
    const leastMs = outcome === 'idle' ? 0 : Math.min(LEAST_REST_MS, beat.minMs);
    this.#restsUntil = now + Math.max(leastMs, REST_FACTOR * cost.ms, cost.bytes / BYTES_PER_MS);
    this.#dueAt = Math.max(now + this.#waitMs, this.#restsUntil);
    if (current.hasStoodStill) this.standstill();
  }

  #nextWait(outcome: AuditEnd): number {
    const { beat } = this.#options;
    if (outcome === 'missed') return beat.minMs;
    if (outcome === 'cut' || outcome === 'idle') return this.#waitMs;
    if (outcome === 'failed') return beat.maxMs;
    return Math.min(beat.maxMs, Math.max(beat.minMs, 2 * this.#waitMs));
  }
}
