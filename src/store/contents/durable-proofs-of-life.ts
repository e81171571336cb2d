import type { ProofsOfLife } from '../../core/intake/proofs-of-life.ts';
import type { StoreRecord } from '../file/store-record.ts';
import type { ChangeJournal } from './change-journal.ts';

export interface DurableProofsOptions {
  readonly journal: ChangeJournal;
  /** A proof is not written if it is newer than the one on disk by less than this, in milliseconds. After a crash, so much more is asked for again. */
  readonly coarsenessMs: number;
  /** An event that came up to this long before a proof may not be handled yet, in milliseconds, beyond the time that every recovery reaches back. */
  readonly handlingMs: number;
  /** Whether a restart will have registrations to recover events for. */
  readonly isWorthKeeping: () => boolean;
}

/** The last proof of life of every relay and kind, in memory and, a little older, on the disk. It is two numbers for each relay. */
export class DurableProofsOfLife implements ProofsOfLife {
  readonly #options: DurableProofsOptions;
  /** As they are on the disk. */
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
    // An earlier proof is written, too: the clock was set back, or a gap was noticed late.
    if (known !== undefined && at >= known && at - known < coarsenessMs) return;
    if (!isWorthKeeping()) return;
    this.restore(relay, kind, at);
    journal.write({ type: 'alive', relay, kind, at });
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
