import type { Clock } from '../../core/basics/clock.ts';
import { MAX_EVENT_AGE_MS } from '../../core/nostr/event-age.ts';
import type { SeenEvents } from '../../core/intake/seen-events.ts';
import { EventIdRing } from './event-id-ring.ts';

/**
 * Four events a second for registered keys, day and night: only verified ones take a place. 34 MB when it is full
 * (measured: 33.6 bytes an id), a few hundred bytes to begin with; the last of the doublings takes some 0.1 s.
 */
const DEFAULT_CAPACITY = 1_000_000;
/** Two for each that comes: what has expired goes faster than new ids come, and no commit clears away days at once. */
const EXPIRED_PER_COMMIT = 2;

// One promise of each kind for all answers: nothing here is waited for, and every event asks.
const [NEW, PENDING, SEEN, DONE] = [
  Promise.resolve('new' as const),
  Promise.resolve('pending' as const),
  Promise.resolve('seen' as const),
  Promise.resolve(),
];

export interface MemorySeenEventsOptions {
  readonly clock: Clock;
  /** Whether the time of day is trusted: else no id expires (contract 5). Absent: always. */
  readonly mayExpire?: () => boolean;
  /** The most committed ids that are kept. */
  readonly capacity?: number;
  /** Told of every id that is forgotten before its time because there was no room. */
  readonly onDisplaced?: () => void;
}

/** The seen-set in memory. An id is kept for as long as its event could still wake. At the bound the oldest committed id gives way: a late copy of that event may wake once more. */
export class MemorySeenEvents implements SeenEvents {
  readonly #clock: Clock;
  readonly #mayExpire: () => boolean;
  readonly #onDisplaced: (() => void) | undefined;
  /** Bounded by the wakes under way. */
  readonly #pending = new Set<string>();
  readonly #committed: EventIdRing;

  constructor({
    clock,
    capacity = DEFAULT_CAPACITY,
    mayExpire = () => true,
    onDisplaced,
  }: MemorySeenEventsOptions) {
    this.#clock = clock;
    this.#mayExpire = mayExpire;
    this.#onDisplaced = onDisplaced;
    this.#committed = new EventIdRing({ capacity });
  }

  /** Committed ids held. One that has expired may be among them until later commits take its place. */
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
    this.#pending.delete(id);
    this.#add(id, this.#clock());
    return DONE;
  }

  /** Takes in an id that was committed before the program was started; in the order in which they were. */
  restore(id: string, committedAt: number): void {
    this.#add(id, committedAt);
  }

  /** What is committed and has not expired, oldest first. @see EventIdRing for what is kept of an id */
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
