import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { UsedEvents } from '../../core/registry/used-events.ts';
import { EventIdRing } from './event-id-ring.ts';

/** A signature is valid from 60 s before to 60 s after its time, so for 120 s; the extra second covers rounding. */
const KEPT_MS = 121 * SECOND_MS;
/** More signatures than one core can verify in that time. 34 MB when full, a few hundred bytes at first. */
const DEFAULT_CAPACITY = 1_000_000;

/** The ids of used signatures, in memory. When it is full, it takes no further id until the oldest one has expired, so that no signature can be used twice. */
export class MemoryUsedEvents implements UsedEvents {
  readonly #clock: Clock;
  readonly #ids: EventIdRing;

  constructor({ clock, capacity = DEFAULT_CAPACITY }: { clock: Clock; capacity?: number }) {
    this.#clock = clock;
    this.#ids = new EventIdRing({ capacity });
  }

  /** Ids that are kept. */
  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.timeOf(id) !== undefined;
  }

  async use(id: string): Promise<'new' | 'used' | 'full'> {
    if (this.has(id)) return 'used';
    const now = this.#clock();
    // Two for each new id: expired ids leave faster than new ids come.
    for (let n = 0; n < 2; n++) {
      const oldest = this.#ids.oldestTime();
      if (oldest === undefined || now - oldest < KEPT_MS) break;
      this.#ids.removeOldest();
    }
    if (this.#ids.isFull) return 'full';
    this.#ids.add(id, now);
    return 'new';
  }
}
