import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { GIFT_WRAP_KIND, MAX_EVENT_AGE_MS } from '../../core/nostr/nostr-event.ts';

/** A gap is asked for from this much earlier: clocks differ, relays are slow, and a dropped subscription is not noticed at once. */
const MARGIN_MS = 15 * MINUTE_MS;
/** How far NIP-59 lets a gift wrap be back-dated. */
const BACKDATING_MS = 2 * DAY_MS;

/**
 * Until when one relay's events of one kind have come without a gap, over all connections. A gap begins at the last proof of
 * life (contract 2): the last time at which the live subscription was surely there. It stays open until a recovery takes it.
 */
export class Coverage {
  readonly #startedAt: number;
  #provenAt: number | undefined;
  #gapSince: number | undefined;

  /** @param startedAt when the program began to listen at all, in milliseconds */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Until when nothing is missing, in milliseconds; `undefined` while the coverage is fresh. */
  get coveredUntil(): number | undefined {
    return this.#gapSince ?? this.#provenAt;
  }

  /** Whether the first subscription is still to come, and nothing was missed before it. */
  get isFresh(): boolean {
    return this.#provenAt === undefined && this.#gapSince === undefined;
  }

  /** The live subscription was there at this time, in milliseconds. If an earlier proof is far ahead of it, the clock was set back since. */
  prove(now: number): void {
    const known = this.#provenAt ?? now;
    this.#provenAt = known - now > MARGIN_MS ? now : Math.max(now, known);
  }

  /**
   * The subscription is no longer there. Everything after its last proof of life counts as missed.
   *
   * @param since where the gap begins, if the last proof is doubtful, in milliseconds
   */
  lose(since = this.#provenAt ?? this.#startedAt): void {
    this.#gapSince = Math.min(since, this.#gapSince ?? Infinity);
  }

  get hasGap(): boolean {
    return this.#gapSince !== undefined;
  }

  /** Gives the gap to a recovery. @returns when the gap began, in milliseconds */
  takeGap(): number | undefined {
    const since = this.#gapSince;
    this.#gapSince = undefined;
    return since;
  }
}

/** How far before the begin of a gap a kind is asked for, in milliseconds. */
function goesBackMs(kind: number): number {
  return MARGIN_MS + (kind === GIFT_WRAP_KIND ? BACKDATING_MS : 0);
}

/**
 * Where the gap begins after a restart, in milliseconds. What the relay dropped since the last audit is not known yet. The recovery after
 * the restart goes back before the gap, and has to reach that audit.
 *
 * @param handledUntil until when all events have come and been handled
 * @param auditedUntil until when the relay has been audited
 */
export function provenUntil(kind: number, handledUntil: number, auditedUntil: number): number {
  return Math.min(handledUntil, auditedUntil + goesBackMs(kind));
}

/**
 * How far back to ask for the missed events of a kind, in unix seconds.
 *
 * @param missedSince when the gap began, by the clock of that time, in milliseconds
 * @param now the time by a trusted clock, in milliseconds; then events that are too old to wake are not asked for. Absent if no clock is
 *   trusted
 */
export function askedSince(kind: number, missedSince: number, now: number | undefined): number {
  // If the clock was set back since, the gap may begin in the future.
  const latest = Math.min(missedSince, now ?? Infinity) - goesBackMs(kind);
  return Math.floor(Math.max(latest, (now ?? -Infinity) - MAX_EVENT_AGE_MS, 0) / SECOND_MS);
}
