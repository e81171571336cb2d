import type { Clock } from '../../core/basics/clock.ts';
import {
  type AdmissionRequest,
  type KnownDevice,
  type PutResult,
  type RegistrationStore,
  type RemovalRequest,
} from '../../core/registry/registration-store.ts';
import { deviceOf, type PushService, type PushTarget } from '../../core/registry/push-target.ts';
import {
  withNetwork,
  type Lifetime,
  type Registration,
  type RegistrationCounts,
  type Renewal,
} from '../../core/registry/registration.ts';
import type { Correction } from '../../core/basics/trusted-clock.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { recordOf, type StoreRecord } from '../file/store-record.ts';
import type { LotOf } from '../tables/device-links.ts';
import { MemoryRegistrations } from '../tables/memory-registrations.ts';
import { keyOf, type RegistrationChange } from '../tables/registration-change.ts';
import { untilUncontested, type ChangeJournal } from './change-journal.ts';
import { FormerRegistrations } from './former-registrations.ts';

export interface DurableRegistrationsOptions {
  /** `MAX_REGISTRATIONS`. */
  readonly capacity: number;
  readonly journal: ChangeJournal;
  /** Whether registrations of this push service are kept on disk. */
  readonly keeps: (service: PushService) => boolean;
  /** Called when a record on disk is outdated, so that a rewrite would leave it out. */
  readonly onGarbage: () => void;
  /** Called after each sweep: the expired registrations have left memory. */
  readonly onSwept: () => void;
  /**
   * Of a registration that was woken, the copy has the time of its expiry rounded up to whole steps of so many milliseconds. So most
   * renewals need not be written. If absent, the copy is exact.
   */
  readonly renewalStepMs?: number | undefined;
  /** Whether this server's clock made the times of a registration. All of them if absent. */
  readonly isOwn?: ((registration: Registration) => boolean) | undefined;
  /** Called when an expired registration has left memory. The journal is not told: a file need not be, since the registration in it has expired as well. */
  readonly onExpired?: ((tradePubkey: TradePubkey) => void) | undefined;
  readonly clock: Clock;
  /** Draws the lot of a device. Only in a fleet. */
  readonly lotOf?: LotOf | undefined;
}

/**
 * Registrations in memory, of which the disk (or the engine of a fleet) has a copy. `put` and `remove` change memory at once and answer when the change is
 * durable; if it cannot be made durable, memory is changed back and they throw. Until then, look-ups answer with the
 * registration from before the change. All other changes follow on the disk soon after: a crash loses only little by them.
 *
 * This is an implementation of the port of its own, and not an observer alone, since `put` and `remove` wait for the disk and the
 * three look-ups hide a change that is not durable.
 */
export class DurableRegistrations implements RegistrationStore {
  readonly #options: DurableRegistrationsOptions;
  readonly #memory: MemoryRegistrations;
  readonly #formers = new FormerRegistrations();
  /** Where the changes of the call of `put` or `remove` that is running go. It is set only while memory changes, which is synchronous. */
  #collected: RegistrationChange[] | undefined;

  constructor(options: DurableRegistrationsOptions) {
    this.#options = options;
    this.#memory = new MemoryRegistrations({
      capacity: options.capacity,
      lotOf: options.lotOf,
      observer: { observes: options.keeps, onChange: (change) => this.#onChange(change) },
    });
  }

  mayContain(tradePubkey: TradePubkey): boolean {
    return this.#memory.mayContain(tradePubkey) || this.#formers.oldest(tradePubkey) !== undefined;
  }

  mayContainAt(text: Uint8Array, from: number): boolean {
    return this.#memory.mayContainAt(text, from) || this.#formers.oldestAt(text, from) !== undefined;
  }

  lotAt(text: Uint8Array, from: number): number | undefined {
    const former = this.#formers.oldestAt(text, from);
    return former ? this.#options.lotOf?.(deviceOf(former.target)) : this.#memory.lotAt(text, from);
  }

  isFull(): boolean {
    return this.#memory.isFull();
  }

  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean {
    return this.#memory.admits(tradePubkey, request);
  }

  find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const former = this.#formers.oldest(tradePubkey);
    return former === undefined ? this.#memory.find(tradePubkey) : Promise.resolve(former);
  }

  targetOf(tradePubkey: TradePubkey): PushTarget | undefined {
    return this.#formers.oldest(tradePubkey)?.target ?? this.#memory.targetOf(tradePubkey);
  }

  put(registration: Registration, onDisplaced?: (device: PushTarget) => void): Promise<PutResult> {
    return untilUncontested(() => this.#put(registration, onDisplaced));
  }

  async #put(registration: Registration, onDisplaced?: (device: PushTarget) => void): Promise<PutResult> {
    const { journal, keeps } = this.#options;
    let displaced: PushTarget | undefined;
    const take = onDisplaced && ((device: PushTarget): void => void (displaced = device));
    const { result, changes } = this.#collect(() => this.#memory.put(registration, take));
    if (changes.length > 0) await this.#commit(changes);
    if (displaced !== undefined) onDisplaced?.(displaced);
    // The refusal of an owned key takes as long as storing an unknown key does (contract 1.3).
    if ((await result) === 'owned' && keeps(registration.target.type)) await journal.commit([], () => []);
    return result;
  }

  /** Resolves before the renewal is durable: a crash may lose it, and the registration then expires up to one renewal earlier. */
  renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    return this.#memory.renew(tradePubkey, target, lifetime, now);
  }

  remove(tradePubkey: TradePubkey, request: RemovalRequest): Promise<boolean> {
    return untilUncontested(() => this.#remove(tradePubkey, request));
  }

  async #remove(tradePubkey: TradePubkey, { onRemoved, ...request }: RemovalRequest): Promise<boolean> {
    let device: PushTarget | undefined;
    const take = onRemoved && ((removed: PushTarget): void => void (device = removed));
    const { result, changes } = this.#collect(() =>
      this.#memory.remove(tradePubkey, { ...request, onRemoved: take }),
    );
    await this.#commit(changes);
    // "Not found" might be untrue.
    if (changes.length === 0) this.#options.journal.assertComplete?.();
    if (device !== undefined) onRemoved?.(device);
    return result;
  }

  /** Resolves before the removals are durable: after a crash the push service says again that the device is gone. */
  evict(target: PushTarget): Promise<number> {
    return this.#memory.evict(target);
  }

  async sweep(now: number): Promise<number> {
    const count = await this.#memory.sweep(now);
    this.#options.onSwept();
    return count;
  }

  correct(correction: Correction): Promise<number> {
    return this.#memory.correct(correction, this.#options.isOwn);
  }

  counts(): RegistrationCounts {
    return this.#memory.counts();
  }

  device(target: PushTarget): KnownDevice {
    return this.#memory.device(target);
  }

  keysOf(target: PushTarget, atMost: number): readonly TradePubkey[] {
    return this.#memory.keysOf(target, atMost);
  }

  newest(target: PushTarget): Registration | undefined {
    return this.#memory.newest(target);
  }

  asking(): Iterable<Registration> {
    return this.#memory.asking();
  }

  entries(): Iterable<Registration> {
    return this.#memory.entries();
  }

  /** Puts a registration that was read from the disk in memory, in place of the key's former one. @returns whether there was room */
  restore(registration: Registration): boolean {
    this.drop(registration.tradePubkey);
    if (this.#memory.isFull()) return false;
    this.#memory.restore(registration);
    return true;
  }

  /** Removes a key from memory, because the disk has its removal. */
  drop(tradePubkey: TradePubkey): void {
    this.#memory.drop(tradePubkey);
  }

  /**
   * Does in memory what another server has done to a key, even if there are more registrations than there should be.
   *
   * @param current the key's registration from now on, if it has one
   */
  accept(tradePubkey: TradePubkey, current: Registration | undefined): RegistrationChange {
    const former = this.#memory.current(tradePubkey);
    if (former !== undefined) this.#memory.drop(tradePubkey);
    if (current !== undefined) this.#memory.restore(withNetwork(current, former));
    return { former, current };
  }

  /** Does in memory what another server has done: it has woken a device, so that the registration lives for longer. */
  acceptRenewal(renewal: Renewal): void {
    this.#memory.acceptRenewal(renewal);
  }

  /** The registration in memory, whether it is durable or not. */
  current(tradePubkey: TradePubkey): Registration | undefined {
    return this.#memory.current(tradePubkey);
  }

  /** The registration that a key had before changes that are not durable yet. */
  former(tradePubkey: TradePubkey): Registration | undefined {
    return this.#formers.oldest(tradePubkey);
  }

  /** Sorts what {@link restore} added by age. */
  sortByAge(): void {
    this.#memory.sortByAge();
  }

  /** The registrations that belong on the disk. */
  *kept(): Generator<Registration> {
    for (const registration of this.#memory.entries())
      if (this.#isKept(registration)) yield this.#rounded(registration);
  }

  /** Makes changes of memory durable. @throws StoreUnavailable when they cannot be made durable; they are undone then */
  async #commit(changes: readonly RegistrationChange[]): Promise<void> {
    const records = this.#recordsOf(changes);
    if (records.length === 0) return;
    const formers = changes.flatMap(({ former }) => (former === undefined ? [] : [former]));
    for (const former of formers) this.#formers.retain(former);
    try {
      await this.#options.journal.commit(records, () => this.#undo(changes));
    } finally {
      for (const former of formers) this.#formers.release(former);
    }
    if (formers.some((former) => this.#isKept(former))) this.#options.onGarbage();
  }

  /** Undoes changes in memory. @returns the records that make the disk say the same, in case a part of the commit is there */
  #undo(changes: readonly RegistrationChange[]): StoreRecord[] {
    /** By key, the registration from before its first change. */
    const restored = new Map<TradePubkey, Registration | undefined>();
    for (const { former, current } of changes.toReversed()) {
      if (current !== undefined) this.#memory.drop(current.tradePubkey);
      if (former !== undefined) this.#memory.restore(former);
      const key = keyOf({ former, current });
      if (key !== undefined) restored.set(key, former);
    }
    return [...restored].map(([key, former]) => recordOf(key, this.#isKept(former) ? former : undefined));
  }

  #onChange(change: RegistrationChange): void {
    if (this.#collected !== undefined) return void this.#collected.push(change);
    const { clock, onExpired, onGarbage } = this.#options;
    const { current, former } = change;
    const isExpiry = current === undefined && former !== undefined && former.expiresAt <= clock();
    if (isExpiry) onExpired?.(former.tradePubkey);
    else if (!this.#isCopied(change)) this.#write(change);
    if (current === undefined && this.#isKept(former)) onGarbage();
  }

  #write(change: RegistrationChange): void {
    const { journal } = this.#options;
    const isRenewal = change.former?.registeredAt === change.current?.registeredAt;
    for (const record of this.#recordsOf([change])) {
      if (isRenewal && record.type === 'registered' && journal.renew) journal.renew(record.registration);
      else journal.write(record);
    }
  }

  /** Whether the copy has the registration already: it was renewed, and its expiry is in the same step. */
  #isCopied({ current, former }: RegistrationChange): boolean {
    const isRenewal = former?.woken === true && former.registeredAt === current?.registeredAt;
    if (!isRenewal || current?.woken !== true || this.#options.renewalStepMs === undefined) return false;
    return this.#rounded(former).expiresAt === this.#rounded(current).expiresAt;
  }

  /** The registration as the copy has it. */
  #rounded(registration: Registration): Registration {
    const { renewalStepMs: stepMs } = this.#options;
    if (stepMs === undefined || !registration.woken) return registration;
    return { ...registration, expiresAt: Math.ceil(registration.expiresAt / stepMs) * stepMs };
  }

  /** Runs a change of memory and collects what the observer is told meanwhile. Memory has changed when the promise is returned. */
  #collect<Result>(change: () => Promise<Result>): {
    result: Promise<Result>;
    changes: RegistrationChange[];
  } {
    const changes: RegistrationChange[] = [];
    this.#collected = changes;
    try {
      return { result: change(), changes };
    } finally {
      this.#collected = undefined;
    }
  }

  /** The records that bring the disk up to date: the last registration of each changed key, or its removal if the disk has the key. */
  #recordsOf(changes: readonly RegistrationChange[]): StoreRecord[] {
    const last = new Map<TradePubkey, { isOnDisk: boolean; current: Registration | undefined }>();
    for (const change of changes) {
      const key = keyOf(change);
      if (key === undefined) continue;
      const isOnDisk = last.get(key)?.isOnDisk === true || this.#isKept(change.former);
      last.set(key, { isOnDisk, current: change.current });
    }
    return [...last].flatMap(([key, { isOnDisk, current }]) => {
      if (this.#isKept(current)) return [recordOf(key, current && this.#rounded(current))];
      return isOnDisk ? [recordOf(key, undefined)] : [];
    });
  }

  #isKept(registration: Registration | undefined): boolean {
    return registration !== undefined && this.#options.keeps(registration.target.type);
  }
}
