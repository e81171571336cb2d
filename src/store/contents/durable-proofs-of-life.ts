import type { ProofsOfLife } from '../../core/intake/proofs-of-life.ts';
import { encodeRecord } from '../file/record-codec.ts';
import type { Journal } from '../file/journal.ts';
import type { StoreRecord } from '../file/store-record.ts';

export interface DurableProofsOptions {
  readonly journal: Journal;
  /** A proof that is newer than the one on disk by less than this is not written, in milliseconds: so much more is asked for after a crash. */
  readonly coarsenessMs: number;
  /** How long before a proof an event may have come that is not dealt with yet, beyond what every recovery reaches back, in milliseconds. */
  readonly handlingMs: number;
  /** Whether there is anybody to catch up for after a restart. */
  readonly isWorthKeeping: () => boolean;
}

/** The last proof of life of every relay and kind: a few numbers. */
export class DurableProofsOfLife implements ProofsOfLife {
  readonly #options: DurableProofsOptions;
  /** As they stand on the disk. */
  readonly #proofs = new Map<string, { relay: string; kind: number; at: number }>();

  constructor(options: DurableProofsOptions) {
    this.#options = options;
  }

  of(relay: string, kind: number): number | undefined {
    return this.#earlier(this.#proofs.get(nameOf(relay, kind))?.at);
  }

  latest(): number | undefined {
    if (this.#proofs.size === 0) return undefined;
    return this.#earlier([...this.#proofs.values()].reduce((latest, { at }) => Math.max(latest, at), 0));
  }

  note(relay: string, kind: number, at: number): void {
    const { coarsenessMs, isWorthKeeping, journal } = this.#options;
    const known = this.#proofs.get(nameOf(relay, kind))?.at;
    // Also where it goes back: a clock was set back, or a gap was found late.
    if (known !== undefined && at >= known && at - known < coarsenessMs) return;
    if (!isWorthKeeping()) return;
    this.restore(relay, kind, at);
    journal.write({ bytes: encodeRecord({ type: 'alive', relay, kind, at }) });
  }

  restore(relay: string, kind: number, at: number): void {
    this.#proofs.set(nameOf(relay, kind), { relay, kind, at });
  }

  *all(): Generator<StoreRecord> {
    for (const proof of this.#proofs.values()) yield { type: 'alive', ...proof };
  }

  #earlier(at: number | undefined): number | undefined {
    return at === undefined ? undefined : at - this.#options.handlingMs;
  }
}

function nameOf(relay: string, kind: number): string {
  return `${kind} ${relay}`;
}
