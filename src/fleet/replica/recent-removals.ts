import type { Clock } from '../../core/basics/clock.ts';

/** So many removals are remembered. */
const MOST = 50_000;

/** The last removals, so that an engine that has lost its last changes does not bring back what was removed. */
export class RecentRemovals {
  readonly #clock: Clock;
  /** By field, as latin1: registrations that were made until then are removed. */
  readonly #times = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param registeredAt of the registration that was removed: the clock that made it may be ahead of this server's */
  note(field: string, registeredAt = 0): void {
    const known = this.#times.get(field) ?? 0;
    this.#times.delete(field);
    this.#times.set(field, Math.max(this.#clock(), registeredAt, known));
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

  /** Whether the field's record was removed after a registration that was made at this time. */
  isAfter(registeredAt: number, field: string): boolean {
    const removed = this.#times.get(field);
    return removed !== undefined && removed >= registeredAt;
  }
}
