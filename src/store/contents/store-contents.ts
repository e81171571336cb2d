import { MAX_EVENT_AGE_MS } from '../../core/nostr/nostr-event.ts';
import type { CohortChange } from '../../core/cohorts/cohort-change.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { deviceOf, isUsable, type PushService } from '../../core/registry/push-target.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { StoreOpenError } from '../file/store-open-error.ts';
import type { StoreRecord } from '../file/store-record.ts';
import type { LotOf } from '../tables/device-links.ts';
import type { RegistrationChange } from '../tables/registration-change.ts';
import { MemorySeenEvents } from '../tables/memory-seen-events.ts';
import type { ChangeJournal } from './change-journal.ts';
import { DurableCohorts } from './durable-cohorts.ts';
import { DurableOwedDevices } from './durable-owed-devices.ts';
import { DurableProofsOfLife } from './durable-proofs-of-life.ts';
import { DurableRegistrations } from './durable-registrations.ts';

/** How far a relay's proof of life on disk may lag behind the one in memory, in milliseconds. After a crash, so much more is asked for again. */
const PROOF_MS = { everything: 10_000, fleet: 10_000, endpoints: 60_000 };

/** Bytes in a file that was just rewritten, base64 included. Measured with FCM tokens of 152 characters. */
const REGISTRATION_BYTES = 271;
const SEEN_BYTES = 31;
const MEMBER_BYTES = 240;

/** Whether `STORE=memory`, too, keeps the service's registrations on the disk (contract 6), as the Rust server does. */
const IS_ENDPOINT: Readonly<Record<PushService, boolean>> = { fcm: false, unifiedpush: true };

export interface StoreContentsOptions {
  /** `MAX_REGISTRATIONS`. */
  readonly capacity: number;
  /**
   * `endpoints`: of all that a store can keep, only the registrations of UnifiedPush endpoints and the proofs of life. `fleet`: all that
   * the servers of a fleet have in common, so neither ids of events nor owed wakes.
   */
  readonly keeps: 'everything' | 'endpoints' | 'fleet';
  /** @see DurableProofsOptions.handlingMs */
  readonly handlingMs: number;
  readonly clock: Clock;
  /** Whether the time of day is trusted; while it is not, nothing expires (contract 5). Always trusted if absent. */
  readonly mayExpire?: (() => boolean) | undefined;
  /** Called for every id that the seen-set removes before its time because it is full. */
  readonly onDisplaced?: (() => void) | undefined;
  readonly journal: ChangeJournal;
  /** Called when a record on disk is outdated, so that a rewrite would leave it out. */
  readonly onGarbage: () => void;
  /** @see DurableRegistrationsOptions.renewalStepMs */
  readonly renewalStepMs?: number | undefined;
  /** @see DurableRegistrationsOptions.onExpired */
  readonly onExpired?: ((tradePubkey: TradePubkey) => void) | undefined;
  /** Draws the lot of a device. Only in a fleet. */
  readonly lotOf?: LotOf | undefined;
  /** Called after each sweep: the expired registrations have left memory. */
  readonly onSwept: () => void;
}

/** Replaced in tests. */
export interface StoreContentsSeams {
  /** The most ids of events that are kept. */
  readonly seenCapacity?: number | undefined;
}

/**
 * All that a store keeps. In memory it is the five parts below; on the disk it is a sequence of records. {@link apply} turns a record
 * into memory, {@link records} turns memory into records, and each part writes its changes to the journal.
 */
export class StoreContents {
  readonly registrations: DurableRegistrations;
  readonly seen: MemorySeenEvents;
  readonly owed: DurableOwedDevices;
  readonly cohorts: DurableCohorts;
  readonly proofs: DurableProofsOfLife;
  readonly #options: StoreContentsOptions;
  /** When the oldest id that is on the disk was committed. */
  #oldestSeenAt = Infinity;
  #latestAt = -Infinity;
  #unusable = 0;

  constructor(options: StoreContentsOptions, { seenCapacity }: StoreContentsSeams = {}) {
    const { capacity, clock, handlingMs, journal, keeps, onGarbage } = options;
    this.#options = options;
    this.registrations = new DurableRegistrations({
      capacity,
      journal,
      keeps: (service) => keeps !== 'endpoints' || IS_ENDPOINT[service],
      // Only the server that a client spoke to knows the client's network.
      isOwn: keeps === 'fleet' ? ({ network }) => network !== undefined : undefined,
      renewalStepMs: options.renewalStepMs,
      lotOf: options.lotOf,
      onExpired: options.onExpired,
      onGarbage,
      onSwept: () => {
        this.owed.prune(
          ({ keys, target }) =>
            keys.some((key) => this.registrations.mayContain(key)) ||
            this.cohorts.table.member(deviceOf(target)) !== undefined,
        );
        options.onSwept();
      },
      clock,
    });
    this.seen = new MemorySeenEvents({
      clock,
      mayExpire: options.mayExpire,
      capacity: seenCapacity,
      onDisplaced: options.onDisplaced,
      // Nothing waits for this record: a crash that loses it causes a second wake and never a missing one.
      onCommitted: keeps === 'everything' ? (id, at) => journal.write({ type: 'seen', id, at }) : undefined,
    });
    this.owed = new DurableOwedDevices(journal, onGarbage);
    this.cohorts = new DurableCohorts(journal, onGarbage);
    this.proofs = new DurableProofsOfLife({
      journal,
      coarsenessMs: PROOF_MS[keeps],
      handlingMs,
      isWorthKeeping: () => journal.hasFile,
    });
  }

  /** Whether the disk has ids of events that are too old to come again. */
  get hasExpiredIds(): boolean {
    const { clock, mayExpire = () => true } = this.#options;
    return clock() - this.#oldestSeenAt >= MAX_EVENT_AGE_MS && mayExpire();
  }

  /** Records on the disk that were left out, because their target is no device that a wake may be sent to. */
  get unusable(): number {
    return this.#unusable;
  }

  /** About how large a file with these contents is right after a rewrite. */
  get estimatedBytes(): number {
    const { total } = this.registrations.counts();
    const members = this.cohorts.table.size;
    return total * REGISTRATION_BYTES + this.seen.size * SEEN_BYTES + members * MEMBER_BYTES;
  }

  /** The latest time in any record that was read, in milliseconds: the server's clock has shown it. `-Infinity` if there is none. */
  get latestAt(): number {
    return this.#latestAt;
  }

  /** Changes memory as a record that was read from the disk says. @throws StoreOpenError if there are more registrations than room */
  apply(record: StoreRecord): void {
    const at = record.type === 'registered' ? record.registration.registeredAt : undefined;
    this.#latestAt = Math.max(this.#latestAt, at ?? ('at' in record ? record.at : -Infinity));
    switch (record.type) {
      case 'registered':
        if (!isUsable(record.registration.target)) return this.#leaveOut(record.registration.tradePubkey);
        if (this.registrations.restore(record.registration)) return;
        throw new StoreOpenError(
          `MAX_REGISTRATIONS is ${this.#options.capacity}, and the store holds more; raise it, or export the store and start a new one`,
          { isConfiguration: true },
        );
      case 'removed':
        return this.registrations.drop(record.tradePubkey);
      case 'seen':
        this.#oldestSeenAt = Math.min(this.#oldestSeenAt, record.at);
        return this.seen.restore(record.id, record.at);
      case 'owed':
        return isUsable(record.wake.target) ? this.owed.restore(record.wake) : this.#leaveOut();
      case 'paid':
        return void this.owed.drop(record.target);
      case 'alive':
        return this.proofs.restore(record.relay, record.kind, record.at);
      case 'cohort':
        return this.#applyCohort(record.change);
      case 'rewritten':
        return undefined;
    }
  }

  /**
   * Changes memory as a record of another server says.
   *
   * @returns how a registration has changed, if one has
   */
  accept(record: StoreRecord): RegistrationChange | undefined {
    if (record.type === 'removed') return this.registrations.accept(record.tradePubkey, undefined);
    if (record.type !== 'registered') {
      this.apply(record);
      return undefined;
    }
    const { registration } = record;
    this.#latestAt = Math.max(this.#latestAt, registration.registeredAt);
    if (isUsable(registration.target))
      return this.registrations.accept(registration.tradePubkey, registration);
    this.#unusable++;
    return this.registrations.accept(registration.tradePubkey, undefined);
  }

  /** The records that make these contents. Memory may change while they are read: the journal adds every change that comes meanwhile. */
  *records(): Generator<StoreRecord> {
    const { clock, keeps } = this.#options;
    yield* this.proofs.all();
    for (const registration of this.registrations.kept()) yield { type: 'registered', registration };
    if (keeps === 'endpoints') return;
    for (const change of this.cohorts.table.changes()) yield { type: 'cohort', change };
    if (keeps === 'fleet') return;
    for (const wake of this.owed.all()) yield { type: 'owed', wake };
    this.#oldestSeenAt = clock();
    for (const { id, time } of this.seen.entries()) {
      this.#oldestSeenAt = Math.min(this.#oldestSeenAt, time);
      yield { type: 'seen', id, at: time };
    }
  }

  #applyCohort(change: CohortChange): void {
    if ('target' in change && !isUsable(change.target)) return this.#leaveOut();
    this.cohorts.table.apply(change);
  }

  /** Counts a record whose target is unusable, and has it removed from the disk. @param key whose former registration it replaced */
  #leaveOut(key?: TradePubkey): void {
    if (key !== undefined) this.registrations.drop(key);
    this.#unusable++;
    this.#options.onGarbage();
  }
}
