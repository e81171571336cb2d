import { randomInt } from 'node:crypto';

import { HOUR_MS, SECOND_MS, unixSeconds, type Clock } from '../../core/basics/clock.ts';
import { MAX_EVENT_AGE_MS } from '../../core/nostr/nostr-event.ts';
import { ID_WORDS } from '../wire/event-id.ts';
import type { MemoryShare, MemoryUser } from './memory-share.ts';
import { CHUNK_SECONDS, TimeChunk, type MarkSpread } from './time-chunk.ts';

/** Older events wake no device, and no recovery asks for them. */
const OLDEST_SECONDS = (MAX_EVENT_AGE_MS + HOUR_MS) / SECOND_MS;
/** How far ahead of the clock a known event may be dated. */
const AHEAD_SECONDS = HOUR_MS / SECOND_MS;

/** An event whose id can be read without making a string. */
export interface IdentifiedEvent {
  readonly createdAt: number;
  /** @returns whether it has an id as NIP-01 has it */
  readId(words: Uint32Array): boolean;
}

/**
 * The events of one kind that one relay has sent, whoever they are for: a reconciliation (NIP-77) compares them with what the relay has
 * stored. It knows no difference between events for registered keys and others, because what is compared and asked for shows the
 * relay what is known here.
 */
export class KnownEvents implements MemoryUser {
  readonly #share: MemoryShare;
  readonly #clock: Clock;
  readonly #spread: MarkSpread = { first: randomInt(2 ** 31) * 2 + 1, second: randomInt(2 ** 31) * 2 + 1 };
  /** The chunks by their numbers: unix seconds divided by `CHUNK_SECONDS`. */
  readonly #chunks = new Map<number, TimeChunk>();
  readonly #words = new Uint32Array(ID_WORDS);
  /** The number of the newest chunk. */
  #newest = -Infinity;
  #wholeSince: number;
  #bytes = 0;

  constructor(share: MemoryShare, clock: Clock) {
    this.#share = share;
    this.#clock = clock;
    this.#wholeSince = unixSeconds(clock);
    share.join(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    let count = 0;
    for (const chunk of this.#chunks.values()) count += chunk.count;
    return count;
  }

  /** From when on the events are known, but for those of gaps: by their own times, in unix seconds. */
  get wholeSince(): number {
    return this.#wholeSince;
  }

  /** The relay has sent the event. */
  note(event: IdentifiedEvent): void {
    if (event.readId(this.#words)) this.add(event.createdAt, this.#words);
  }

  /** @param words the id of the event */
  add(createdAt: number, words: Uint32Array): void {
    if (!Number.isSafeInteger(createdAt)) return;
    const number = Math.floor(createdAt / CHUNK_SECONDS);
    const chunk = this.#chunks.get(number) ?? this.#begin(number, createdAt);
    if (chunk === undefined) return;
    const before = chunk.bytes;
    chunk.note(createdAt % CHUNK_SECONDS, words);
    if (chunk.bytes === before) return;
    this.#bytes += chunk.bytes - before;
    this.#share.onGrown();
  }

  /** Everything that the relay has stored since then has come. */
  completeSince(since: number): void {
    this.#wholeSince = Math.min(this.#wholeSince, Math.max(since, this.#oldest()));
  }

  /** Forgets all events: some of them have to come again. */
  forget(): void {
    this.#chunks.clear();
    this.#bytes = 0;
    this.#wholeSince = unixSeconds(this.#clock);
  }

  /** The events are no longer needed. */
  end(): void {
    this.forget();
    this.#share.leave(this);
  }

  dropOldest(): boolean {
    if (this.#chunks.size === 0) return false;
    const oldest = Math.min(...this.#chunks.keys());
    this.#drop(oldest);
    this.#wholeSince = Math.max(this.#wholeSince, (oldest + 1) * CHUNK_SECONDS);
    return true;
  }

  /** @param from and `to`: the unix seconds in which the event may be; `to` is excluded */
  holds(words: Uint32Array, from: number, to: number): boolean {
    const last = Math.min(this.#newest, Math.floor((to - 1) / CHUNK_SECONDS));
    for (let number = Math.floor(from / CHUNK_SECONDS); number <= last; number++)
      if (this.#chunks.get(number)?.holds(words) === true) return true;
    return false;
  }

  /**
   * Adds up the ids of the next seconds, until they are `most` or more.
   *
   * @param from the first second
   * @param to the second that ends it at the latest; it is excluded
   * @param sum gets the sum (`SUM_WORDS`)
   * @returns the second after the last one that was added
   */
  sumUp(sum: Uint32Array, from: number, to: number, most = Infinity): number {
    sum.fill(0);
    let second = from;
    let count = 0;
    while (second < to) {
      const number = Math.floor(second / CHUNK_SECONDS);
      if (number > this.#newest) return to;
      const first = number * CHUNK_SECONDS;
      const end = Math.min(to, first + CHUNK_SECONDS);
      const chunk = this.#chunks.get(number);
      if (chunk !== undefined)
        for (; second < end; second++) {
          count += chunk.addTo(sum, second - first);
          if (count >= most) return second + 1;
        }
      second = end;
    }
    return to;
  }

  #begin(number: number, createdAt: number): TimeChunk | undefined {
    const now = unixSeconds(this.#clock);
    if (createdAt < this.#oldest() || createdAt > now + AHEAD_SECONDS) return undefined;
    const oldest = Math.floor(this.#oldest() / CHUNK_SECONDS);
    for (const one of this.#chunks.keys()) if (one < oldest) this.#drop(one);
    const chunk = new TimeChunk(this.#spread);
    this.#chunks.set(number, chunk);
    this.#newest = Math.max(this.#newest, number);
    this.#bytes += chunk.bytes;
    this.#share.onGrown();
    // The memory may be so scarce that the chunk is gone.
    return this.#chunks.get(number);
  }

  #drop(number: number): void {
    this.#bytes -= this.#chunks.get(number)?.bytes ?? 0;
    this.#chunks.delete(number);
  }

  #oldest(): number {
    return unixSeconds(this.#clock) - OLDEST_SECONDS;
  }
}
