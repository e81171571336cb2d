import { MAX_EVENT_AGE_MS } from '../../core/nostr/nostr-event.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { SeenEvents } from '../../core/intake/seen-events.ts';
import { EventIdRing } from './event-id-ring.ts';

/**
 * Room for four events a second, day and night, that name registered keys: only verified events take a place. The set takes 34 MB
 * when it is full (measured: 33.6 bytes an id) and a few hundred bytes at first; the last of its doublings takes some 0.1 s.
 */
const DEFAULT_CAPACITY = 1_000_000;
/** Expired ids that one commit removes at most. With two, expired ids leave faster than new ids come, and no commit takes long. */
const EXPIRED_PER_COMMIT = 2;

// Every event asks, and nothing here has to wait: one resolved promise for each answer spares an allocation.
const [NEW, PENDING, SEEN, DONE] = [
  Promise.resolve('new' as const),
  Promise.resolve('pending' as const),
  Promise.resolve('seen' as const),
  Promise.resolve(),
];

export interface MemorySeenEventsOptions {
  readonly clock: Clock;
  /** Whether the time of day is trusted; while it is not, no id expires (contract 5). Always trusted if absent. */
  readonly mayExpire?: (() => boolean) | undefined;
  /** The most committed ids that are kept. */
  readonly capacity?: number | undefined;
  /** Called for every id that is displaced: removed before its time because the set is full. */
  readonly onDisplaced?: (() => void) | undefined;
  /** Called in each {@link MemorySeenEvents.commit}, with the time of the commit: the file's journal observes the set here. */
  readonly onCommitted?: ((id: string, at: number) => void) | undefined;
}

/**
 * The seen-set in memory. An id is kept for as long as its event could still wake a device. When the set is full, a new id displaces
 * the oldest committed one: a late copy of that event may wake once more.
 */
export class MemorySeenEvents implements SeenEvents {
  readonly #clock: Clock;
  readonly #mayExpire: () => boolean;
  readonly #onDisplaced: (() => void) | undefined;
  readonly #onCommitted: ((id: string, at: number) => void) | undefined;
  /** Reserved ids: as many as there are wakes under way. */
  readonly #pending = new Set<string>();
  readonly #committed: EventIdRing;

  constructor({
    clock,
    capacity = DEFAULT_CAPACITY,
    mayExpire = () => true,
    onCommitted,
    onDisplaced,
  }: MemorySeenEventsOptions) {
    this.#clock = clock;
    this.#mayExpire = mayExpire;
    this.#onCommitted = onCommitted;
    this.#onDisplaced = onDisplaced;
    this.#committed = new EventIdRing({ capacity });
  }

  /** Committed ids, with those that have expired and that no commit has removed yet. */
  get size(): number {
    return this.#committed.size;
  }

  knows(id: string): boolean {
    return this.#pending.has(id) || this.#isSeen(id);
  }

  reserve(id: string): Promise<'new' | 'pending' | 'seen'> {
    if (this.#pending.has(id)) return PENDING;
    if (this.#isSeen(id)) return SEEN;
    this.#pending.add(id);
    return NEW;
  }

  commit(id: string): Promise<void> {
    const now = this.#clock();
    this.#pending.delete(id);
    this.#add(id, now);
    this.#onCommitted?.(id, now);
    return DONE;
  }

  /** Adds an id that was read from the disk. Ids come in the order in which they were committed. */
  restore(id: string, committedAt: number): void {
    this.#add(id, committedAt);
  }

  /** The committed ids that have not expired, oldest first, as the half of each that is kept ({@link EventIdRing}). */
  *entries(): Generator<{ id: string; time: number }> {
    const now = this.#clock();
    for (const entry of this.#committed.entries()) if (!this.#hasExpired(entry.time, now)) yield entry;
  }

  release(id: string): Promise<void> {
    this.#pending.delete(id);
    return DONE;
  }

  #add(id: string, time: number): void {
    this.#committed.remove(id);
    this.#makeRoom(time);
    this.#committed.add(id, time);
  }

  #isSeen(id: string): boolean {
    const at = this.#committed.timeOf(id);
    return at !== undefined && !this.#hasExpired(at, this.#clock());
  }

  #hasExpired(committedAt: number, now: number): boolean {
    return now - committedAt >= MAX_EVENT_AGE_MS && this.#mayExpire();
  }

  #makeRoom(now: number): void {
    for (let n = 0; n < EXPIRED_PER_COMMIT; n++) {
      const oldest = this.#committed.oldestTime();
      if (oldest === undefined || !this.#hasExpired(oldest, now)) break;
      this.#committed.removeOldest();
    }
    if (!this.#committed.isFull) return;
    this.#committed.removeOldest();
    this.#onDisplaced?.();
  }
}
