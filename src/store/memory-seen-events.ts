import type { Clock } from '../core/clock.ts';
import { MAX_EVENT_AGE_MS } from '../core/event-age.ts';
import type { SeenEvents } from '../core/ports.ts';

/** About 20 MB of ids. Only verified events for registered keys take a place. */
const DEFAULT_CAPACITY = 100_000;

/** The seen-set in memory. An id is kept for as long as its event could still wake. At the bound the oldest committed id gives way: a late copy of that event may wake once more. */
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
    return at !== undefined && this.#clock() - at < MAX_EVENT_AGE_MS;
  }

  #trim(): void {
    for (const [id, at] of this.#seen) {
      if (this.#seen.size <= this.#capacity && this.#clock() - at < MAX_EVENT_AGE_MS) return;
      this.#seen.delete(id);
    }
  }
}
