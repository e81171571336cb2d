import type { Platform, PushTarget } from '../core/push-target.ts';
import { isOwned, type Registration } from '../core/registration.ts';
import type { TradePubkey } from '../core/trade-pubkey.ts';
import { Column } from './column.ts';
import { KEY_WORDS, keyText } from './hex-words.ts';

const PLATFORMS: readonly Platform[] = ['android', 'ios', 'webpush'];
const PLATFORM_BITS = 0b0011;
const WOKEN_BIT = 0b0100;
const SIGNED_BIT = 0b1000;
const HELD_BIT = 0b10000;

const LOW_BITS = 2 ** 32;

/** What is held of a registration but for its device's target: 45 bytes, of which the trade pubkey has 32. */
export class RegistrationRecords {
  /** The trade pubkeys, eight words each. */
  readonly keys = new Column((length) => new Uint32Array(length), KEY_WORDS);
  readonly devices = new Column((length) => new Int32Array(length));
  readonly #flags = new Column((length) => new Uint8Array(length));
  // Milliseconds since the epoch in 48 bits: good for nine thousand years.
  readonly #registeredLow = new Column((length) => new Uint32Array(length));
  readonly #registeredHigh = new Column((length) => new Uint16Array(length));
  readonly #expiresLow = new Column((length) => new Uint32Array(length));
  readonly #expiresHigh = new Column((length) => new Uint16Array(length));

  constructor() {
    // Record 0 is no registration, but a look-up that finds nothing may look at it.
    this.reach(0);
  }

  /** Makes room for this record and all before it. */
  reach(record: number): void {
    this.keys.reach(record);
    for (const column of [this.devices, this.#registeredLow, this.#expiresLow]) column.reach(record);
    for (const column of [this.#registeredHigh, this.#expiresHigh, this.#flags]) column.reach(record);
  }

  write(record: number, registration: Registration): void {
    const { expiresAt, platform, registeredAt, signed, woken } = registration;
    const flags = HELD_BIT | (woken ? WOKEN_BIT : 0) | (signed ? SIGNED_BIT : 0);
    this.#flags.set(record, flags | PLATFORMS.indexOf(platform));
    this.#registeredLow.set(record, registeredAt % LOW_BITS);
    this.#registeredHigh.set(record, registeredAt / LOW_BITS);
    this.#writeExpiry(record, expiresAt);
  }

  /** A relay wake was delivered. */
  renew(record: number, expiresAt: number): void {
    this.#flags.set(record, this.#flags.get(record) | WOKEN_BIT);
    this.#writeExpiry(record, expiresAt);
  }

  clear(record: number): void {
    this.#flags.set(record, 0);
  }

  isHeld(record: number): boolean {
    return this.#has(record, HELD_BIT);
  }

  isWoken(record: number): boolean {
    return this.#has(record, WOKEN_BIT);
  }

  /** Read off the record alone: an owned key must not take longer than an unknown one (contract 1.3). */
  isOwned(record: number, now: number): boolean {
    return isOwned({ signed: this.#has(record, SIGNED_BIT), expiresAt: this.expiresAt(record) }, now);
  }

  platform(record: number): Platform {
    return PLATFORMS[this.#flags.get(record) & PLATFORM_BITS] as Platform;
  }

  registeredAt(record: number): number {
    return this.#registeredHigh.get(record) * LOW_BITS + this.#registeredLow.get(record);
  }

  expiresAt(record: number): number {
    return this.#expiresHigh.get(record) * LOW_BITS + this.#expiresLow.get(record);
  }

  tradePubkey(record: number): TradePubkey {
    return keyText(this.keys.chunk(record), this.keys.at(record));
  }

  read(record: number, tradePubkey: TradePubkey, target: PushTarget): Registration {
    return {
      tradePubkey,
      target,
      platform: this.platform(record),
      registeredAt: this.registeredAt(record),
      expiresAt: this.expiresAt(record),
      woken: this.isWoken(record),
      signed: this.#has(record, SIGNED_BIT),
    };
  }

  #writeExpiry(record: number, expiresAt: number): void {
    this.#expiresLow.set(record, expiresAt % LOW_BITS);
    this.#expiresHigh.set(record, expiresAt / LOW_BITS);
  }

  #has(record: number, bit: number): boolean {
    return (this.#flags.get(record) & bit) !== 0;
  }
}
