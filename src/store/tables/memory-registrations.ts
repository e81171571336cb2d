import { setImmediate } from 'node:timers/promises';

import type {
  AdmissionRequest,
  PutResult,
  RegistrationStore,
} from '../../core/registry/registration-store.ts';
import { renewedTarget, type PushTarget } from '../../core/registry/push-target.ts';
import {
  expiryOf,
  type Lifetime,
  type Registration,
  type RegistrationCounts,
} from '../../core/registry/registration.ts';
import type { Correction } from '../../core/basics/trusted-clock.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { DeviceLinks } from './device-links.ts';
import { GivingWay } from './displacement.ts';
import { KeyIndex } from './key-index.ts';
import { NO_NETWORK } from './network-counts.ts';
import { NO_RECORD, RecordNumbers } from './record-numbers.ts';
import type { ChangeListener } from './registration-change.ts';
import { RegistrationRecords } from './registration-table.ts';

/** What removes many lets others work after so many: a millisecond or two, where a million would take a second. */
const SLICE = 1024;

/**
 * Registrations in memory: gone with the process. They are no objects but numbered records in typed arrays:
 * the garbage collector never looks at them, and a million take some 230 MB (docs/performance.md).
 */
export class MemoryRegistrations implements RegistrationStore {
  /** A call of `put`, `renew` or `remove` has made its changes, and told of them, when it gives its promise. */
  listener: ChangeListener | undefined;
  readonly #capacity: number;
  readonly #numbers = new RecordNumbers();
  readonly #records = new RegistrationRecords();
  readonly #devices = new DeviceLinks(this.#records.devices);
  readonly #givingWay = new GivingWay((record) => this.#records.registeredAt(record));
  readonly #keys = new KeyIndex(this.#records.keys);
  readonly #counts = { total: 0, android: 0, ios: 0, webpush: 0 };

  /** @param options.capacity the most registrations kept (`MAX_REGISTRATIONS`) */
  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
  }

  mayHold(tradePubkey: TradePubkey): boolean {
    return this.#keys.find(tradePubkey) !== NO_RECORD;
  }

  mayHoldAt(text: Uint8Array, from: number): boolean {
    return this.#keys.findAt(text, from) !== NO_RECORD;
  }

  isFull(): boolean {
    return this.#counts.total >= this.#capacity;
  }

  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean {
    if (!this.isFull() || this.#displaceable(request.network, request.now) !== NO_RECORD) return true;
    const held = this.#keys.find(tradePubkey);
    return held !== NO_RECORD && (request.signed || !this.#records.isOwned(held, request.now));
  }

  async find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const record = this.#keys.find(tradePubkey);
    return record === NO_RECORD ? undefined : this.#read(record, tradePubkey);
  }

  async put(registration: Registration): Promise<PutResult> {
    const { network, registeredAt, signed, tradePubkey } = registration;
    if (!this.admits(tradePubkey, { signed, network, now: registeredAt })) return 'full';
    const former = this.#keys.find(tradePubkey);
    const isDefended = former !== NO_RECORD && !signed && this.#records.isOwned(former, registeredAt);
    // An owned key gets the answer that an unknown one would get, so it is judged as one.
    const target = isDefended ? registration.target : this.#renewed(former, registration.target);
    if (this.#devices.isCrowded(target)) return 'crowded';
    if (isDefended) return 'owned';
    const displaced =
      former === NO_RECORD && this.isFull() ? this.#displaceable(network, registeredAt) : NO_RECORD;
    const isTold =
      this.listener?.follows(target.type) === true || this.#isFollowed(former) || this.#isFollowed(displaced);
    if (displaced !== NO_RECORD) this.#delete(displaced, isTold);
    if (former === NO_RECORD) this.#insert(registration, isTold);
    else this.#replace(former, { ...registration, target }, isTold);
    return displaced === NO_RECORD ? 'stored' : 'displaced';
  }

  /** Keeps what was kept before, by the disk or until a moment ago: a registration of a key that is not held. */
  restore(registration: Registration): void {
    this.#insert(registration, false);
  }

  async renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    const record = this.#keys.find(tradePubkey);
    if (record === NO_RECORD || !this.#devices.is(record, target)) return;
    const isTold = this.#isFollowed(record);
    const former = isTold ? this.#read(record) : undefined;
    const expiresAt = expiryOf(this.#records.registeredAt(record), now, lifetime);
    // Never sooner than before: the clock may have been set back.
    this.#records.renew(record, Math.max(expiresAt, this.#records.expiresAt(record)));
    this.#givingWay.spare(record);
    if (isTold) this.listener?.onChange({ former, current: this.#read(record) });
  }

  async remove(tradePubkey: TradePubkey, request: { signed: boolean; now: number }): Promise<boolean> {
    const record = this.#keys.find(tradePubkey);
    const isOwned = this.#records.isOwned(record || this.#keys.decoy(this.#numbers.last), request.now);
    if (record === NO_RECORD || (isOwned && !request.signed)) return false;
    this.#delete(record);
    return this.#records.expiresAt(record) > request.now;
  }

  async forget(target: PushTarget): Promise<number> {
    let forgotten = 0;
    for (let one = this.#devices.anyOf(target); one !== NO_RECORD; one = this.#devices.anyOf(target)) {
      this.#delete(one);
      if (++forgotten % SLICE === 0) await setImmediate();
    }
    return forgotten;
  }

  async sweep(now: number): Promise<number> {
    let expired = 0;
    // A key may be registered, renewed or removed between two slices: each is judged as it is when its turn comes.
    for (let record = 1; record <= this.#numbers.last; record++) {
      if (record % SLICE === 0) await setImmediate();
      if (!this.#records.isHeld(record) || this.#records.expiresAt(record) > now) continue;
      this.#delete(record);
      expired++;
    }
    return expired;
  }

  /** Every registration that is held from the first step to the last, once; others may be changed between two steps. */
  *entries(): Generator<Registration> {
    for (let record = 1; record <= this.#numbers.last; record++)
      if (this.#records.isHeld(record)) yield this.#read(record);
  }

  /** Puts those that may give way in the order of their age, whatever the order in which they came. */
  sortByAge(): void {
    this.#givingWay.sort();
  }

  /** What there has ever been room for: registrations, and blocks of their devices' addresses. */
  get records(): { readonly registrations: number; readonly blocks: number } {
    return { registrations: this.#numbers.last, blocks: this.#devices.blocks };
  }

  async correct({ byMs, since, until }: Correction): Promise<number> {
    let corrected = 0;
    for (let record = 1; record <= this.#numbers.last; record++) {
      if (record % SLICE === 0) await setImmediate();
      const registeredAt = this.#records.isHeld(record) ? this.#records.registeredAt(record) : -Infinity;
      if (registeredAt < since || registeredAt > until) continue;
      const held = this.#read(record);
      const current = { ...held, registeredAt: registeredAt + byMs, expiresAt: held.expiresAt + byMs };
      this.#records.write(record, current);
      if (this.#isFollowed(record)) this.listener?.onChange({ former: held, current });
      corrected++;
    }
    return corrected;
  }

  counts(): RegistrationCounts {
    return { ...this.#counts };
  }

  #read(record: number, tradePubkey = this.#records.tradePubkey(record)): Registration {
    const registration = this.#records.read(record, tradePubkey, this.#devices.targetOf(record));
    const network = this.#givingWay.networkOf(record);
    return network === NO_NETWORK ? registration : { ...registration, network };
  }

  /** Where the wakes of a key go that is registered for a target, and was registered as this record says. */
  #renewed(former: number, target: PushTarget): PushTarget {
    return former === NO_RECORD ? target : renewedTarget(this.#devices.targetOf(former), target);
  }

  /** The registration that would give way now to a new key from this network, if any. */
  #displaceable(network: number | undefined, now: number): number {
    return this.#givingWay.choose(network ?? NO_NETWORK, now);
  }

  #replace(record: number, registration: Registration, isTold: boolean): void {
    // A key that was woken once is in use: registering it again must not make it one that may give way.
    const woken = registration.woken || this.#records.isWoken(record);
    const former = isTold ? this.#read(record) : undefined;
    this.#unlink(record);
    this.#link(record, { ...registration, woken });
    if (isTold) this.listener?.onChange({ former, current: this.#read(record) });
  }

  #insert(registration: Registration, isTold: boolean): void {
    const record = this.#numbers.take();
    this.#records.reach(record);
    this.#keys.add(registration.tradePubkey, record);
    this.#devices.begin(record);
    this.#givingWay.begin(record);
    this.#link(record, registration);
    if (isTold) this.listener?.onChange({ former: undefined, current: this.#read(record) });
  }

  #delete(record: number, isTold = this.#isFollowed(record)): void {
    const former = isTold ? this.#read(record) : undefined;
    this.#unlink(record);
    this.#keys.remove(record);
    this.#records.clear(record);
    this.#numbers.giveBack(record);
    if (isTold) this.listener?.onChange({ former, current: undefined });
  }

  #isFollowed(record: number): boolean {
    if (this.listener === undefined || record === NO_RECORD) return false;
    return this.listener.follows(this.#devices.serviceOf(record));
  }

  /** Points a record that points nowhere at its device. */
  #link(record: number, registration: Registration): void {
    this.#devices.point(record, registration.target);
    this.#records.write(record, registration);
    const mayGiveWay = !registration.woken && !registration.signed;
    this.#givingWay.join(record, registration.network ?? NO_NETWORK, mayGiveWay);
    this.#counts.total++;
    this.#counts[registration.platform]++;
  }

  #unlink(record: number): void {
    this.#devices.release(record);
    this.#givingWay.leave(record);
    this.#counts.total--;
    this.#counts[this.#records.platform(record)]--;
  }
}
