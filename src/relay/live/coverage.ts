import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { MAX_EVENT_AGE_MS } from '../../core/nostr/event-age.ts';
import { GIFT_WRAP_KIND } from '../../core/nostr/nostr-event.ts';

/** Clocks differ, relays take their time, and a subscription may have been dropped before anyone could notice. */
const MARGIN_MS = 15 * MINUTE_MS;
/** How far NIP-59 lets a gift wrap be back-dated. */
const BACKDATING_MS = 2 * DAY_MS;

/**
 * Until when one relay's events of one kind have come to us without a gap, over all connections. A gap begins at the last proof of
 * life (contract 2) and stays open until a recovery takes it over.
 */
export class Coverage {
  readonly #startedAt: number;
  #provenAt: number | undefined;
  #gapSince: number | undefined;

  /** @param startedAt when the program began to listen at all, in milliseconds */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Until when nothing is missing, in milliseconds; `undefined` where no subscription was live yet, and none should have been. */
  get coveredUntil(): number | undefined {
    return this.#gapSince ?? this.#provenAt;
  }

  /** Whether no subscription was live yet, and none should have been. */
  get isFresh(): boolean {
    return this.#provenAt === undefined && this.#gapSince === undefined;
  }

  /** The live subscription was alive at this time, in milliseconds. A known proof of much later is by a clock that was set back. */
  prove(now: number): void {
    const known = this.#provenAt ?? now;
    this.#provenAt = known - now > MARGIN_MS ? now : Math.max(now, known);
  }

  /**
   * The subscription is no longer there: whatever came after its last proof of life is missed.
   *
   * @param since an earlier time, where the proof is doubtful
   */
  lose(since = this.#provenAt ?? this.#startedAt): void {
    this.#gapSince = Math.min(since, this.#gapSince ?? Infinity);
  }

  get hasGap(): boolean {
    return this.#gapSince !== undefined;
  }

  /** Hands the gap over to a recovery. @returns when it began, in milliseconds */
  takeGap(): number | undefined {
    const since = this.#gapSince;
    this.#gapSince = undefined;
    return since;
  }
}

/**
 * How far back to ask for events of a kind that were missed since then, in unix seconds.
 *
 * @param missedSince by the clock of then, in milliseconds
 * @param now by a clock that is trusted: then not beyond what may still wake. Absent where no clock is
 */
export function askedSince(kind: number, missedSince: number, now: number | undefined): number {
  const backdating = kind === GIFT_WRAP_KIND ? BACKDATING_MS : 0;
  // A clock that was set back may have dated the gap into the future.
  const latest = Math.min(missedSince, now ?? Infinity) - MARGIN_MS - backdating;
  return Math.floor(Math.max(latest, (now ?? -Infinity) - MAX_EVENT_AGE_MS, 0) / SECOND_MS);
}
