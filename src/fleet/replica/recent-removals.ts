import type { Clock } from '../../core/basics/clock.ts';

/** So many removals are remembered. */
const MOST = 50_000;

/** The last removals, so that an engine that has lost its last changes does not bring back what was removed. */
export class RecentRemovals {
  readonly #clock: Clock;
  /** By field, as latin1: when this server heard of its removal, by its time of day. */
  readonly #times = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(field: string): void {
    this.#times.delete(field);
    this.#times.set(field, this.#clock());
    if (this.#times.size <= MOST) return;
    for (const oldest of this.#times.keys()) {
      this.#times.delete(oldest);
      return;
    }
  }

  /** The field has a record again. */
  forget(field: string): void {
    this.#times.delete(field);
  }

  /** Whether the field's record was removed after this time. */
  isAfter(time: number, field: string): boolean {
    const removed = this.#times.get(field);
    return removed !== undefined && removed > time;
  }
}
