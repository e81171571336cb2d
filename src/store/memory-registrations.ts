import { setImmediate } from 'node:timers/promises';

import type { PutResult, RegistrationStore } from '../core/ports.ts';
import { renewedTarget, type PushTarget } from '../core/push-target.ts';
import {
  expiryOf,
  mayGiveWay,
  type Lifetime,
  type Registration,
  type RegistrationCounts,
} from '../core/registration.ts';
import type { TradePubkey } from '../core/trade-pubkey.ts';
import { DeviceRecords } from './device-records.ts';
import { KeyIndex } from './key-index.ts';
import { NO_RECORD, RecordNumbers } from './record-numbers.ts';
import { RecordRings } from './record-rings.ts';
import { RegistrationRecords } from './registration-records.ts';

/** What removes many lets others work after so many: a millisecond or two, where a million would take a second. */
const SLICE = 1024;
/** No registration's record, but one that the ring of those that may give way begins and ends at. */
const RING_START = 0;

/**
 * Registrations in memory: gone with the process (`STORE=memory`). They are no objects but numbered records in typed arrays:
 * the garbage collector never looks at them, and a million take some 230 MB (docs/performance.md).
 */
export class MemoryRegistrations implements RegistrationStore {
  readonly #capacity: number;
  readonly #numbers = new RecordNumbers();
  readonly #records = new RegistrationRecords();
  readonly #devices = new DeviceRecords();
  /** The registrations that point at one device. */
  readonly #ofDevice = new RecordRings();
  /** The unsigned keys that were never woken, oldest registration first: the order in which they give way. */
  readonly #neverWoken = new RecordRings();
  readonly #keys = new KeyIndex(this.#records.keys);
  readonly #counts = { total: 0, android: 0, ios: 0, webpush: 0 };

  /** @param options.capacity the most registrations kept (`MAX_REGISTRATIONS`) */
  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
    this.#neverWoken.begin(RING_START);
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

  admits(tradePubkey: TradePubkey, request: { signed: boolean; now: number }): boolean {
    if (!this.isFull() || this.#displaceable(request.now) !== NO_RECORD) return true;
    const held = this.#keys.find(tradePubkey);
    return held !== NO_RECORD && (request.signed || !this.#records.isOwned(held, request.now));
  }

  async find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const record = this.#keys.find(tradePubkey);
    return record === NO_RECORD ? undefined : this.#read(record, tradePubkey);
  }

  async put(registration: Registration): Promise<PutResult> {
    const { tradePubkey, registeredAt, signed } = registration;
    if (!this.admits(tradePubkey, { signed, now: registeredAt })) return 'full';
    const former = this.#keys.find(tradePubkey);
    if (former !== NO_RECORD && !signed && this.#records.isOwned(former, registeredAt)) return 'owned';
    const isFull = former === NO_RECORD && this.isFull();
    if (isFull) this.#delete(this.#displaceable(registeredAt));
    if (former === NO_RECORD) this.#insert(registration);
    else this.#replace(former, registration);
    return isFull ? 'displaced' : 'stored';
  }

  async renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    const record = this.#keys.find(tradePubkey);
    if (record === NO_RECORD || !this.#devices.is(this.#records.devices.get(record), target)) return;
    this.#records.renew(record, expiryOf(this.#records.registeredAt(record), now, lifetime));
    this.#neverWoken.leave(record);
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
    for (let device = this.#devices.find(target); device !== NO_RECORD; device = this.#devices.find(target)) {
      this.#delete(this.#devices.firstRegistration.get(device));
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

  /** What there has ever been room for: registrations, and blocks of their devices' addresses. */
  get records(): { readonly registrations: number; readonly blocks: number } {
    return { registrations: this.#numbers.last, blocks: this.#devices.blocks };
  }

  counts(): RegistrationCounts {
    return { ...this.#counts };
  }

  #read(record: number, tradePubkey = this.#records.tradePubkey(record)): Registration {
    return this.#records.read(record, tradePubkey, this.#devices.targetOf(this.#records.devices.get(record)));
  }

  /** The registration that would give way to a new key now, if any. */
  #displaceable(now: number): number {
    const oldest = this.#neverWoken.next(RING_START);
    return oldest !== RING_START && mayGiveWay(this.#read(oldest), now) ? oldest : NO_RECORD;
  }

  #replace(record: number, registration: Registration): void {
    // A key that was woken once is in use: registering it again must not make it one that may give way.
    const woken = registration.woken || this.#records.isWoken(record);
    const target = this.#renewed(registration.target);
    this.#unlink(record);
    this.#link(record, { ...registration, target, woken });
  }

  #insert(registration: Registration): void {
    const record = this.#numbers.take();
    this.#records.reach(record);
    this.#keys.add(registration.tradePubkey, record);
    this.#ofDevice.begin(record);
    this.#neverWoken.begin(record);
    this.#link(record, { ...registration, target: this.#renewed(registration.target) });
  }

  /** What reaches the device from now on, as far as it was known before. */
  #renewed(target: PushTarget): PushTarget {
    const device = this.#devices.find(target);
    return device === NO_RECORD ? target : renewedTarget(this.#devices.targetOf(device), target);
  }

  #delete(record: number): void {
    this.#unlink(record);
    this.#keys.remove(record);
    this.#records.clear(record);
    this.#numbers.giveBack(record);
  }

  /** Points a record that points nowhere at its device. */
  #link(record: number, registration: Registration): void {
    const { firstRegistration } = this.#devices;
    const known = this.#devices.find(registration.target);
    const device = known === NO_RECORD ? this.#devices.add(registration.target) : known;
    if (known === NO_RECORD) firstRegistration.set(device, record);
    else {
      this.#devices.update(device, registration.target);
      this.#ofDevice.join(record, firstRegistration.get(device));
    }
    this.#records.devices.set(record, device);
    this.#records.write(record, registration);
    if (!registration.woken && !registration.signed) this.#neverWoken.join(record, RING_START);
    this.#counts.total++;
    this.#counts[registration.platform]++;
  }

  #unlink(record: number): void {
    const { firstRegistration } = this.#devices;
    const device = this.#records.devices.get(record);
    const next = this.#ofDevice.next(record);
    if (next === record) this.#devices.remove(device);
    else if (firstRegistration.get(device) === record) firstRegistration.set(device, next);
    this.#ofDevice.leave(record);
    this.#neverWoken.leave(record);
    this.#counts.total--;
    this.#counts[this.#records.platform(record)]--;
  }
}
