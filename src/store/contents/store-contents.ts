import type { Clock } from '../../core/basics/clock.ts';
import { MAX_EVENT_AGE_MS } from '../../core/nostr/event-age.ts';
import type { SeenEvents } from '../../core/intake/seen-events.ts';
import { isUsable, type PushService } from '../../core/registry/push-target.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { DurableOwedDevices } from './durable-owed-devices.ts';
import { DurableProofsOfLife } from './durable-proofs-of-life.ts';
import { DurableRegistrations } from './durable-registrations.ts';
import { DurableSeenEvents } from './durable-seen-events.ts';
import type { Journal } from '../file/journal.ts';
import { MemoryRegistrations } from '../tables/memory-registrations.ts';
import { MemorySeenEvents } from '../tables/memory-seen-events.ts';
import { StoreOpenError } from '../file/store-open-error.ts';
import type { StoreRecord } from '../file/store-record.ts';

/** How far a relay's proof of life on disk may lag behind, in milliseconds, and so by how much more is asked for after a crash. */
const PROOF_MS = { everything: 10_000, endpoints: 60_000 };

/** Measured, for FCM tokens of 152 characters. */
const REGISTRATION_BYTES = 271;
const SEEN_BYTES = 31;

export interface StoreContentsOptions {
  /** `MAX_REGISTRATIONS`. */
  readonly capacity: number;
  /** For tests: the most ids of events that are kept. */
  readonly seenCapacity?: number;
  /** `endpoints`: registrations of UnifiedPush endpoints, and proofs of life, alone. */
  readonly keeps: 'everything' | 'endpoints';
  /** @see DurableProofsOfLife */
  readonly handlingMs: number;
  readonly clock: Clock;
  /** Whether the time of day is trusted: else nothing expires (contract 5). Absent: always. */
  readonly mayExpire?: (() => boolean) | undefined;
  /** Told of every id that the seen-set forgets before its time. */
  readonly onDisplaced?: () => void;
}

export interface StoreContentsParts extends StoreContentsOptions {
  readonly journal: Journal;
  /** Told of what is no longer to be on the disk. */
  readonly onGarbage: () => void;
  /** Told when what had expired has left memory. */
  readonly onSwept: () => void;
}

/** Whether `STORE=memory` keeps the service's registrations on the disk all the same (contract 6), as the Rust server does. */
const IS_ENDPOINT: Readonly<Record<PushService, boolean>> = { fcm: false, unifiedpush: true };

/** All that a store holds: in memory, and on the disk as the records that make it. */
export class StoreContents {
  readonly registrations: DurableRegistrations;
  readonly seen: SeenEvents & { readonly size: number };
  readonly owed: DurableOwedDevices;
  readonly proofs: DurableProofsOfLife;
  readonly #parts: StoreContentsParts;
  readonly #seen: MemorySeenEvents;
  /** When the oldest id was committed that is on the disk. */
  #oldestSeenAt = Infinity;
  #latestAt = -Infinity;
  #unusable = 0;

  constructor(parts: StoreContentsParts) {
    const { capacity, clock, keeps, journal, onDisplaced, onGarbage } = parts;
    this.#parts = parts;
    this.registrations = new DurableRegistrations({
      ...parts,
      onSwept: () => {
        this.owed.prune((key) => this.registrations.mayContain(key));
        parts.onSwept();
      },
      memory: new MemoryRegistrations({ capacity }),
      keeps: (service) => keeps === 'everything' || IS_ENDPOINT[service],
    });
    const memory = new MemorySeenEvents({
      clock,
      ...(parts.mayExpire && { mayExpire: parts.mayExpire }),
      ...(parts.seenCapacity !== undefined && { capacity: parts.seenCapacity }),
      ...(onDisplaced && { onDisplaced }),
    });
    this.#seen = memory;
    this.seen = keeps === 'everything' ? new DurableSeenEvents({ memory, journal, clock }) : memory;
    this.owed = new DurableOwedDevices(journal, onGarbage);
    this.proofs = new DurableProofsOfLife({
      ...parts,
      coarsenessMs: PROOF_MS[keeps],
      isWorthKeeping: () => journal.hasFile,
    });
  }

  /** Whether the disk holds ids of events that are too old to come again. */
  get hasExpiredIds(): boolean {
    const { clock, mayExpire = () => true } = this.#parts;
    return clock() - this.#oldestSeenAt >= MAX_EVENT_AGE_MS && mayExpire();
  }

  /** Records of the disk that were left out, because what they name is no device that a wake may be sent to. */
  get unusable(): number {
    return this.#unusable;
  }

  /** About how large a file is that holds this and nothing else. */
  get estimatedBytes(): number {
    const { total } = this.registrations.counts();
    return total * REGISTRATION_BYTES + this.seen.size * SEEN_BYTES;
  }

  /** The latest time that any record of the disk names, in milliseconds: the clock showed it once. `-Infinity` where there is none. */
  get latestAt(): number {
    return this.#latestAt;
  }

  /** Does in memory what a record of the disk says. @throws StoreOpenError where there are more registrations than room */
  apply(record: StoreRecord): void {
    const at = record.type === 'registered' ? record.registration.registeredAt : undefined;
    this.#latestAt = Math.max(this.#latestAt, at ?? ('at' in record ? record.at : -Infinity));
    switch (record.type) {
      case 'registered':
        if (!isUsable(record.registration.target)) return this.#leaveOut(record.registration.tradePubkey);
        if (this.registrations.restore(record.registration)) return;
        throw new StoreOpenError(
          `MAX_REGISTRATIONS is ${this.#parts.capacity}, and the store holds more; raise it, or export the store and start a new one`,
          { isConfiguration: true },
        );
      case 'removed':
        return this.registrations.drop(record.tradePubkey);
      case 'seen':
        this.#oldestSeenAt = Math.min(this.#oldestSeenAt, record.at);
        return this.#seen.restore(record.id, record.at);
      case 'owed':
        return isUsable(record.wake.target) ? this.owed.restore(record.wake) : this.#leaveOut();
      case 'paid':
        return void this.owed.drop(record.target);
      case 'alive':
        return this.proofs.restore(record.relay, record.kind, record.at);
      case 'rewritten':
        return undefined;
    }
  }

  /** Everything, as the records that make it; it may change while they are read. */
  *records(): Generator<StoreRecord> {
    const { keeps } = this.#parts;
    yield* this.proofs.all();
    for (const registration of this.registrations.kept()) yield { type: 'registered', registration };
    if (keeps === 'endpoints') return;
    for (const wake of this.owed.all()) yield { type: 'owed', wake };
    this.#oldestSeenAt = this.#parts.clock();
    for (const { id, time } of this.#seen.entries()) {
      this.#oldestSeenAt = Math.min(this.#oldestSeenAt, time);
      yield { type: 'seen', id, at: time };
    }
  }

  /** The disk has something that is not to be used, nor to stay there. @param key whose former registration it replaced */
  #leaveOut(key?: TradePubkey): void {
    if (key !== undefined) this.registrations.drop(key);
    this.#unusable++;
    this.#parts.onGarbage();
  }
}
