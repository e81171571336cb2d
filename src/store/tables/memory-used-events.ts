import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { UsedEvents } from '../../core/registry/used-events.ts';
import { EventIdRing } from './event-id-ring.ts';

/** A signature holds for 60 s before and after the client's time; one second more for the fractions. */
const KEPT_MS = 121 * SECOND_MS;
/** More than can be verified on one core in that time. 34 MB when it is full, a few hundred bytes to begin with. */
const DEFAULT_CAPACITY = 1_000_000;

/** The used signatures in memory. At the bound no further one is taken, for as long as those before could be replayed. */
export class MemoryUsedEvents implements UsedEvents {
  readonly #clock: Clock;
  readonly #ids: EventIdRing;

  constructor({ clock, capacity = DEFAULT_CAPACITY }: { clock: Clock; capacity?: number }) {
    this.#clock = clock;
    this.#ids = new EventIdRing({ capacity });
  }

  /** Ids held. */
  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.timeOf(id) !== undefined;
  }

  add(id: string): boolean {
    const now = this.#clock();
    // Two for each that comes: what has expired goes faster than new ids come.
    for (let n = 0; n < 2; n++) {
      const oldest = this.#ids.oldestTime();
      if (oldest === undefined || now - oldest < KEPT_MS) break;
      this.#ids.removeOldest();
    }
    if (this.#ids.isFull) return false;
    this.#ids.add(id, now);
    return true;
  }
}
