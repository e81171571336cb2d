import { HOUR_MS, type Clock } from '../core/clock.ts';
import type { SeenEvents } from '../core/ports.ts';

/** As long as an event is accepted for (contract 2: 72 hours), so no id is forgotten while its event could still wake. */
const KEPT_MS = 72 * HOUR_MS;
/** About 20 MB of ids. Only verified events for registered keys take a place. */
const DEFAULT_CAPACITY = 100_000;

/** The seen-set in memory. At its bound the oldest committed id gives way: a late copy of that event may wake once more. */
export class MemorySeenEvents implements SeenEvents {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #pending = new Set<string>();
  /** Committed ids with the time of their commit, oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(options: { clock: Clock; capacity?: number }) {
    this.#clock = options.clock;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
  }

  knows(id: string): boolean {
    return this.#pending.has(id) || this.#isSeen(id);
  }

  async reserve(id: string): Promise<'new' | 'pending' | 'seen'> {
    if (this.#pending.has(id)) return 'pending';
    if (this.#isSeen(id)) return 'seen';
    this.#pending.add(id);
    return 'new';
  }

  async commit(id: string): Promise<void> {
    this.#pending.delete(id);
    this.#seen.delete(id);
    this.#seen.set(id, this.#clock());
    this.#trim();
  }

  async release(id: string): Promise<void> {
    this.#pending.delete(id);
  }

  #isSeen(id: string): boolean {
    const at = this.#seen.get(id);
    return at !== undefined && this.#clock() - at < KEPT_MS;
  }

  #trim(): void {
    for (const [id, at] of this.#seen) {
      if (this.#seen.size <= this.#capacity && this.#clock() - at < KEPT_MS) return;
      this.#seen.delete(id);
    }
  }
}
