import { setImmediate } from 'node:timers/promises';

import type {
  AdmissionRequest,
  KnownDevice,
  PutResult,
  RegistrationStore,
  RemovalRequest,
} from '../../core/registry/registration-store.ts';
import { renewedTarget, type PushTarget } from '../../core/registry/push-target.ts';
import {
  expiryOf,
  type Lifetime,
  type Registration,
  type RegistrationCounts,
  type Renewal,
} from '../../core/registry/registration.ts';
import type { Correction } from '../../core/basics/trusted-clock.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { DeviceLinks, type LotOf } from './device-links.ts';
import { Displacement } from './displacement.ts';
import { KeyIndex } from './key-index.ts';
import { NO_NETWORK } from './network-counts.ts';
import type { RegistrationObserver } from './registration-change.ts';
import { RegistrationTable } from './registration-table.ts';
import { NO_ROW, RowNumbers } from './rows.ts';

/** Rows that a long loop handles before it lets other work run: one or two milliseconds, where a million rows would take a second. */
const SLICE = 1024;

export interface MemoryRegistrationsOptions {
  /** The most registrations kept (`MAX_REGISTRATIONS`). */
  readonly capacity: number;
  readonly observer?: RegistrationObserver;
  /** Draws the lot of a device. Only in a fleet. */
  readonly lotOf?: LotOf | undefined;
}

/**
 * Registrations in memory: gone with the process. They are no objects but numbered rows of typed arrays: the garbage
 * collector never looks at them, and a million take some 230 MB (docs/performance.md).
 *
 * Every registration is one row in five structures: `RegistrationTable` has its fields, `KeyIndex` finds it by its key,
 * `DeviceLinks` knows its device, `Displacement` its network and whether it may be displaced, `RowNumbers` whether its number is
 * free. Each change below is synchronous and touches all of them, so that they agree whenever other code runs.
 */
export class MemoryRegistrations implements RegistrationStore {
  readonly #capacity: number;
  readonly #observer: RegistrationObserver | undefined;
  readonly #numbers = new RowNumbers();
  readonly #rows = new RegistrationTable();
  readonly #devices: DeviceLinks;
  readonly #displacement = new Displacement((row) => this.#rows.registeredAt(row));
  readonly #keys = new KeyIndex(this.#rows.keys);
  readonly #counts = { total: 0, android: 0, ios: 0, web: 0, webpush: 0 };

  constructor({ capacity, lotOf, observer }: MemoryRegistrationsOptions) {
    this.#devices = new DeviceLinks(this.#rows.devices, lotOf);
    this.#capacity = capacity;
    this.#observer = observer;
  }

  mayContain(tradePubkey: TradePubkey): boolean {
    return this.#keys.find(tradePubkey) !== NO_ROW;
  }

  mayContainAt(text: Uint8Array, from: number): boolean {
    return this.#keys.findAt(text, from) !== NO_ROW;
  }

  lotAt(text: Uint8Array, from: number): number | undefined {
    return this.#devices.lotOf(this.#keys.findAt(text, from));
  }

  isFull(): boolean {
    return this.#counts.total >= this.#capacity;
  }

  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean {
    if (!this.isFull() || this.#displaceable(request.network, request.now) !== NO_ROW) return true;
    const known = this.#keys.find(tradePubkey);
    return known !== NO_ROW && (request.signed || !this.#rows.isOwned(known, request.now));
  }

  async find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    return this.current(tradePubkey);
  }

  current(tradePubkey: TradePubkey): Registration | undefined {
    const row = this.#keys.find(tradePubkey);
    return row === NO_ROW ? undefined : this.#read(row, tradePubkey);
  }

  targetOf(tradePubkey: TradePubkey): PushTarget | undefined {
    const row = this.#keys.find(tradePubkey);
    return row === NO_ROW ? undefined : this.#devices.targetOf(row);
  }

  async put(registration: Registration, onDisplaced?: (device: PushTarget) => void): Promise<PutResult> {
    const { network, registeredAt, signed, tradePubkey } = registration;
    if (!this.admits(tradePubkey, { signed, network, now: registeredAt })) return 'full';
    const former = this.#keys.find(tradePubkey);
    const isDefended = former !== NO_ROW && !signed && this.#rows.isOwned(former, registeredAt);
    // An owned key gets the answer that an unknown key would get, so the target is judged as that of an unknown key.
    const target = isDefended ? registration.target : this.#renewed(former, registration.target);
    if (this.#devices.isCrowded(target)) return 'crowded';
    if (isDefended) return 'owned';
    const displaced = former === NO_ROW && this.isFull() ? this.#displaceable(network, registeredAt) : NO_ROW;
    const isTold =
      this.#observer?.observes(target.type) === true ||
      this.#isObserved(former) ||
      this.#isObserved(displaced);
    const device = displaced === NO_ROW || !onDisplaced ? undefined : this.#devices.targetOf(displaced);
    if (displaced !== NO_ROW) this.#delete(displaced, isTold);
    if (former === NO_ROW) this.#insert(registration, isTold);
    else this.#replace(former, { ...registration, target }, isTold);
    if (device !== undefined) onDisplaced?.(device);
    return displaced === NO_ROW ? 'stored' : 'displaced';
  }

  /** Adds a registration of a key that has none. The observer is not told, because the registration comes from the observer. */
  restore(registration: Registration): void {
    this.#insert(registration, false);
  }

  /** Removes the key's registration, if there is one. Ownership is not checked, and the observer is not told. */
  drop(tradePubkey: TradePubkey): void {
    const row = this.#keys.find(tradePubkey);
    if (row !== NO_ROW) this.#delete(row, false);
  }

  async renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    const row = this.#keys.find(tradePubkey);
    if (row === NO_ROW || !this.#devices.is(row, target)) return;
    const isTold = this.#isObserved(row);
    const former = isTold ? this.#read(row) : undefined;
    this.#renew(row, expiryOf(this.#rows.registeredAt(row), now, lifetime));
    if (isTold) this.#observer?.onChange({ former, current: this.#read(row) });
  }

  /** The registration was renewed elsewhere. Nothing is done if it is none of the key's any more. The observer is not told. */
  acceptRenewal({ expiresAt, registeredAt, tradePubkey }: Renewal): void {
    const row = this.#keys.find(tradePubkey);
    if (row !== NO_ROW && this.#rows.registeredAt(row) === registeredAt) this.#renew(row, expiresAt);
  }

  async remove(tradePubkey: TradePubkey, request: RemovalRequest): Promise<boolean> {
    const row = this.#keys.find(tradePubkey);
    const isOwned = this.#rows.isOwned(row || this.#keys.decoy(this.#numbers.last), request.now);
    if (row === NO_ROW || (isOwned && !request.signed)) return false;
    const { onRemoved } = request;
    const device = onRemoved === undefined ? undefined : this.#devices.targetOf(row);
    this.#delete(row);
    if (device !== undefined) onRemoved?.(device);
    return this.#rows.expiresAt(row) > request.now;
  }

  async evict(target: PushTarget): Promise<number> {
    let evicted = 0;
    for (let row = this.#devices.anyOf(target); row !== NO_ROW; row = this.#devices.anyOf(target)) {
      this.#delete(row);
      if (++evicted % SLICE === 0) await setImmediate();
    }
    return evicted;
  }

  async sweep(now: number): Promise<number> {
    let expired = 0;
    // A key may be registered, renewed or removed between two slices: each row is judged as it is when its turn comes.
    for (let row = 1; row <= this.#numbers.last; row++) {
      if (row % SLICE === 0) await setImmediate();
      if (!this.#rows.isUsed(row) || this.#rows.expiresAt(row) > now) continue;
      this.#delete(row);
      expired++;
    }
    return expired;
  }

  keysOf(target: PushTarget, atMost: number): readonly TradePubkey[] {
    const keys: TradePubkey[] = [];
    const first = this.#devices.anyOf(target);
    for (let row = first; row !== NO_ROW && keys.length < atMost; row = this.#devices.next(row, first))
      keys.push(this.#rows.tradePubkey(row));
    return keys;
  }

  newest(target: PushTarget): Registration | undefined {
    const first = this.#devices.anyOf(target);
    let newest = first;
    for (let row = first; row !== NO_ROW; row = this.#devices.next(row, first))
      if (this.#rows.registeredAt(row) > this.#rows.registeredAt(newest)) newest = row;
    return newest === NO_ROW ? undefined : this.#read(newest);
  }

  *asking(): Generator<Registration> {
    for (let row = 1; row <= this.#numbers.last; row++) if (this.#rows.isAsking(row)) yield this.#read(row);
  }

  *entries(): Generator<Registration> {
    for (let row = 1; row <= this.#numbers.last; row++) if (this.#rows.isUsed(row)) yield this.#read(row);
  }

  /** Sorts the registrations that may be displaced by their age: those that {@link restore} added may have come in any order. */
  sortByAge(): void {
    this.#displacement.sort();
  }

  /** For tests: the most rows of registrations, and blocks of their devices' addresses, that were ever in use at once. */
  get rows(): { readonly registrations: number; readonly blocks: number } {
    return { registrations: this.#numbers.last, blocks: this.#devices.blocks };
  }

  /** @param isMeant whether the times of a registration were made here, where other servers make some */
  async correct(
    { byMs, since, until }: Correction,
    isMeant: (registration: Registration) => boolean = () => true,
  ): Promise<number> {
    let corrected = 0;
    for (let row = 1; row <= this.#numbers.last; row++) {
      if (row % SLICE === 0) await setImmediate();
      const registeredAt = this.#rows.isUsed(row) ? this.#rows.registeredAt(row) : -Infinity;
      if (registeredAt < since || registeredAt > until) continue;
      const former = this.#read(row);
      if (!isMeant(former)) continue;
      const current = { ...former, registeredAt: registeredAt + byMs, expiresAt: former.expiresAt + byMs };
      this.#rows.write(row, current);
      if (this.#isObserved(row)) this.#observer?.onChange({ former, current });
      corrected++;
    }
    return corrected;
  }

  counts(): RegistrationCounts {
    return { ...this.#counts };
  }

  device(target: PushTarget): KnownDevice {
    const row = this.#devices.anyOf(target);
    if (row === NO_ROW) return { isRegistered: false, target: this.#devices.unregistered(target) };
    return { isRegistered: true, target: this.#devices.targetOf(row) };
  }

  #read(row: number, tradePubkey = this.#rows.tradePubkey(row)): Registration {
    const registration = this.#rows.read(row, tradePubkey, this.#devices.targetOf(row));
    const network = this.#displacement.networkOf(row);
    return network === NO_NETWORK ? registration : { ...registration, network };
  }

  /** An expiry never moves to an earlier time: the clock may have been set back. */
  #renew(row: number, expiresAt: number): void {
    this.#rows.renew(row, Math.max(expiresAt, this.#rows.expiresAt(row)));
    this.#displacement.spare(row);
  }

  /** The target to store when a key is registered for `target`. @param former the key's row, or {@link NO_ROW} @see renewedTarget */
  #renewed(former: number, target: PushTarget): PushTarget {
    return former === NO_ROW ? target : renewedTarget(this.#devices.targetOf(former), target);
  }

  /** The row that a new key from this network would displace now, or {@link NO_ROW}. */
  #displaceable(network: number | undefined, now: number): number {
    return this.#displacement.choose(network ?? NO_NETWORK, now);
  }

  #replace(row: number, registration: Registration, isTold: boolean): void {
    // A key that was woken once is in use: registering it again must not make it displaceable.
    const woken = registration.woken || this.#rows.isWoken(row);
    const former = isTold ? this.#read(row) : undefined;
    this.#unlink(row);
    this.#link(row, { ...registration, woken });
    if (isTold) this.#observer?.onChange({ former, current: this.#read(row) });
  }

  #insert(registration: Registration, isTold: boolean): void {
    const row = this.#numbers.take();
    this.#rows.reach(row);
    this.#keys.add(registration.tradePubkey, row);
    this.#devices.begin(row);
    this.#displacement.begin(row);
    this.#link(row, registration);
    if (isTold) this.#observer?.onChange({ former: undefined, current: this.#read(row) });
  }

  #delete(row: number, isTold = this.#isObserved(row)): void {
    const former = isTold ? this.#read(row) : undefined;
    this.#unlink(row);
    this.#keys.remove(row);
    this.#rows.clear(row);
    this.#numbers.giveBack(row);
    if (isTold) this.#observer?.onChange({ former, current: undefined });
  }

  #isObserved(row: number): boolean {
    if (this.#observer === undefined || row === NO_ROW) return false;
    return this.#observer.observes(this.#devices.serviceOf(row));
  }

  /** Writes a registration to a row that has its key and no device: after {@link #insert} began the row, or after {@link #unlink}. */
  #link(row: number, registration: Registration): void {
    this.#devices.point(row, registration.target);
    this.#rows.write(row, registration);
    const isDisplaceable = !registration.woken && !registration.signed;
    this.#displacement.join(row, registration.network ?? NO_NETWORK, isDisplaceable);
    this.#counts.total++;
    this.#counts[registration.platform]++;
  }

  #unlink(row: number): void {
    this.#devices.release(row);
    this.#displacement.leave(row);
    this.#counts.total--;
    this.#counts[this.#rows.platform(row)]--;
  }
}
