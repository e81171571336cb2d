import { setImmediate } from 'node:timers/promises';

import type { PutResult, RegistrationStore } from '../core/ports.ts';
import { addressOf, isSameDevice, renewedTarget, type PushTarget } from '../core/push-target.ts';
import {
  expiryOf,
  mayGiveWay,
  type Lifetime,
  type Registration,
  type RegistrationCounts,
} from '../core/registration.ts';
import type { TradePubkey } from '../core/trade-pubkey.ts';

/** A sweep lets others work after so many registrations: some milliseconds, where a million would take a second. */
const SWEEP_SLICE = 4096;

/** A device, once, however many trade pubkeys point at it. */
interface Device {
  /** With the newest keys that were registered for it. */
  target: PushTarget;
  readonly tradePubkeys: Set<TradePubkey>;
}

/** Registrations in memory: gone with the process (`STORE=memory`). */
export class MemoryRegistrations implements RegistrationStore {
  readonly #capacity: number;
  readonly #byKey = new Map<TradePubkey, Registration>();
  /** By push service and address. */
  readonly #devices = { fcm: new Map<string, Device>(), unifiedpush: new Map<string, Device>() };
  /** The unsigned keys that were never woken, oldest registration first: the order in which they give way. */
  readonly #neverWoken = new Set<TradePubkey>();
  readonly #counts = { android: 0, ios: 0, webpush: 0 };

  /** @param options.capacity the most registrations kept (`MAX_REGISTRATIONS`) */
  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
  }

  mayHold(tradePubkey: TradePubkey): boolean {
    return this.#byKey.has(tradePubkey);
  }

  isFull(): boolean {
    return this.#byKey.size >= this.#capacity;
  }

  async find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const registration = this.#byKey.get(tradePubkey);
    const target = registration && this.#deviceOf(registration.target)?.target;
    return target && { ...registration, target };
  }

  async put(registration: Registration): Promise<PutResult> {
    const { tradePubkey } = registration;
    const former = this.#byKey.get(tradePubkey);
    const full = former === undefined && this.isFull();
    if (full && !this.#displaceOldest(registration.registeredAt)) return 'full';
    const held = this.#deviceOf(registration.target);
    const target = held ? renewedTarget(held.target, registration.target) : registration.target;
    this.#delete(tradePubkey);
    // A key that was woken once is in use: registering it again must not make it one that may give way.
    this.#insert({ ...registration, target, woken: registration.woken || former?.woken === true });
    return full ? 'displaced' : 'stored';
  }

  async renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    const registration = this.#byKey.get(tradePubkey);
    if (registration === undefined || !isSameDevice(registration.target, target)) return;
    const expiresAt = expiryOf(registration.registeredAt, now, lifetime);
    this.#byKey.set(tradePubkey, { ...registration, expiresAt, woken: true });
    this.#neverWoken.delete(tradePubkey);
  }

  async remove(tradePubkey: TradePubkey): Promise<boolean> {
    return this.#delete(tradePubkey);
  }

  async forget(target: PushTarget): Promise<number> {
    const device = this.#deviceOf(target);
    if (device === undefined) return 0;
    const tradePubkeys = [...device.tradePubkeys];
    for (const tradePubkey of tradePubkeys) this.#delete(tradePubkey);
    return tradePubkeys.length;
  }

  async sweep(now: number): Promise<number> {
    let looked = 0;
    let expired = 0;
    // A key may be registered, renewed or removed between two slices: each is judged as it is when its turn comes.
    for (const tradePubkey of this.#byKey.keys()) {
      if (++looked % SWEEP_SLICE === 0) await setImmediate();
      const registration = this.#byKey.get(tradePubkey);
      if (registration === undefined || registration.expiresAt > now) continue;
      this.#delete(tradePubkey);
      expired++;
    }
    return expired;
  }

  counts(): RegistrationCounts {
    return { total: this.#byKey.size, ...this.#counts };
  }

  #deviceOf(target: PushTarget): Device | undefined {
    return this.#devices[target.type].get(addressOf(target));
  }

  #displaceOldest(now: number): boolean {
    const [first] = this.#neverWoken;
    const oldest = first && this.#byKey.get(first);
    return oldest !== undefined && mayGiveWay(oldest, now) && this.#delete(oldest.tradePubkey);
  }

  #insert(registration: Registration): void {
    const { tradePubkey } = registration;
    const devices = this.#devices[registration.target.type];
    const address = addressOf(registration.target);
    const device = devices.get(address) ?? { target: registration.target, tradePubkeys: new Set() };
    devices.set(address, device);
    device.target = registration.target;
    device.tradePubkeys.add(tradePubkey);
    // All keys of a device share one copy of its target: tokens are the bulk of the memory.
    this.#byKey.set(tradePubkey, { ...registration, target: device.target });
    if (!registration.woken && !registration.signed) this.#neverWoken.add(tradePubkey);
    this.#counts[registration.platform]++;
  }

  #delete(tradePubkey: TradePubkey): boolean {
    const registration = this.#byKey.get(tradePubkey);
    if (registration === undefined) return false;
    const devices = this.#devices[registration.target.type];
    const address = addressOf(registration.target);
    const device = devices.get(address);
    device?.tradePubkeys.delete(tradePubkey);
    if (device?.tradePubkeys.size === 0) devices.delete(address);
    this.#byKey.delete(tradePubkey);
    this.#neverWoken.delete(tradePubkey);
    this.#counts[registration.platform]--;
    return true;
  }
}
