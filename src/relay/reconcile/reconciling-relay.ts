import { HOUR_MS, type Clock } from '../../core/basics/clock.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import { KnownEvents } from './known-events.ts';
import type { MemoryShare } from './memory-share.ts';

/** NIP-77 in a relay's `supported_nips` (NIP-11). */
const NIP = 77;
/** After a reconciliation that failed, no other is begun for so long, in milliseconds. It doubles while they go on failing. */
const REST = { baseMs: HOUR_MS, maxMs: 24 * HOUR_MS };

export interface ReconcilingRelayOptions {
  /** The memory of all records. */
  readonly share: MemoryShare;
  readonly clock: Clock;
  readonly monotonic: Clock;
  readonly watches: readonly KindWatch[];
}

/**
 * Whether one relay offers reconciliations (NIP-77), and what is known of its events. It lasts over all connections. Only for a relay that
 * offers them are events remembered.
 */
export class ReconcilingRelay {
  readonly #options: ReconcilingRelayOptions;
  #isOffered = false;
  /** Whether the relay has a document that states what it offers, or was asked for that by a probe. */
  #isSettled = false;
  #restMs = REST.baseMs;
  #restsUntil = -Infinity;

  constructor(options: ReconcilingRelayOptions) {
    this.#options = options;
  }

  /** @param nips the NIPs that the relay states to support; absent if it states none */
  stated(nips: readonly number[] | undefined): void {
    if (nips === undefined) return;
    this.#isSettled = true;
    if (nips.includes(NIP)) this.#begin();
    else this.end();
  }

  /** Whether it is known what the relay offers. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** A relay without a document was asked. @param isOffered whether it has answered */
  probed(isOffered: boolean): void {
    this.#isSettled = true;
    if (isOffered) this.#begin();
  }

  /** Whether a reconciliation may be begun now. */
  get mayBegin(): boolean {
    return this.#isOffered && this.#options.monotonic() >= this.#restsUntil;
  }

  /** A reconciliation has ended. */
  ended(hasSucceeded: boolean): void {
    const restMs = this.#restMs;
    this.#restMs = hasSucceeded ? REST.baseMs : Math.min(REST.maxMs, 2 * restMs);
    if (!hasSucceeded) this.#restsUntil = this.#options.monotonic() + restMs;
  }

  /** The relay is no longer watched, or offers no reconciliations. */
  end(): void {
    this.#isOffered = false;
    for (const watch of this.#options.watches) {
      watch.known?.end();
      watch.known = undefined;
    }
  }

  #begin(): void {
    const { clock, share, watches } = this.#options;
    this.#isOffered = true;
    for (const watch of watches) watch.known ??= new KnownEvents(share, clock);
  }
}
