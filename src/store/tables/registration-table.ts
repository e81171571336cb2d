import type { Platform, PushTarget } from '../../core/registry/push-target.ts';
import { isOwned, type Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { Column } from './column.ts';
import { KEY_WORDS, keyText } from './hex-words.ts';

const PLATFORMS: readonly Platform[] = ['android', 'ios', 'webpush'];
const PLATFORM_BITS = 0b0011;
const WOKEN_BIT = 0b0100;
const SIGNED_BIT = 0b1000;
const HELD_BIT = 0b1_0000;
const CONVERSATION_BIT = 0b10_0000;

const LOW_BITS = 2 ** 32;

// The word that holds the upper parts of both times, and the instance. Upper parts count units of 2^32 ms, which are 49.7 days.
/** 10 bits: when it was registered, good until the year 2109. */
const REGISTERED_SHIFT = 22;
const MAX_REGISTERED = 2 ** 10 - 1;
/** 7 bits: how much later it expires, from 8 units earlier to 119 units, sixteen years, later: TOKEN_MAX_AGE_DAYS is ten years at the most. */
const EXPIRES_SHIFT = 15;
const MAX_EXPIRES = 2 ** 7 - 1;
const EARLIEST_EXPIRY = -8;
/** 15 bits. */
const INSTANCE_BITS = 2 ** 15 - 1;
/** The registration names no instance. */
const NO_INSTANCE = 0;

/** What is held of a registration but for its device's target: 45 bytes, of which the trade pubkey has 32. */
export class RegistrationRecords {
  /** The trade pubkeys, eight words each. */
  readonly keys = new Column((length) => new Uint32Array(length), KEY_WORDS);
  readonly devices = new Column((length) => new Int32Array(length));
  readonly #flags = new Column((length) => new Uint8Array(length));
  // Milliseconds since the epoch: the lower 32 bits of each time.
  readonly #registeredLow = new Column((length) => new Uint32Array(length));
  readonly #expiresLow = new Column((length) => new Uint32Array(length));
  /** The upper parts of both times, and the instance. */
  readonly #upper = new Column((length) => new Uint32Array(length));

  constructor() {
    // Record 0 is no registration, but a look-up that finds nothing may look at it.
    this.reach(0);
  }

  /** Makes room for this record and all before it. */
  reach(record: number): void {
    this.keys.reach(record);
    for (const column of [this.#registeredLow, this.#expiresLow, this.#upper]) column.reach(record);
    for (const column of [this.devices, this.#flags]) column.reach(record);
  }

  write(record: number, registration: Registration): void {
    const { expiresAt, instance = NO_INSTANCE, isConversation, platform, registeredAt } = registration;
    const { signed, woken } = registration;
    const flags = HELD_BIT | (woken ? WOKEN_BIT : 0) | (signed ? SIGNED_BIT : 0);
    const conversation = isConversation === true ? CONVERSATION_BIT : 0;
    this.#flags.set(record, flags | conversation | PLATFORMS.indexOf(platform));
    this.#registeredLow.set(record, registeredAt % LOW_BITS);
    const upper = Math.min(MAX_REGISTERED, Math.floor(registeredAt / LOW_BITS));
    this.#upper.set(record, (upper << REGISTERED_SHIFT) | (instance & INSTANCE_BITS));
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
    return this.#registeredUpper(record) * LOW_BITS + this.#registeredLow.get(record);
  }

  expiresAt(record: number): number {
    const later = (this.#upper.get(record) >>> EXPIRES_SHIFT) & MAX_EXPIRES;
    const upper = this.#registeredUpper(record) + later + EARLIEST_EXPIRY;
    return upper * LOW_BITS + this.#expiresLow.get(record);
  }

  tradePubkey(record: number): TradePubkey {
    return keyText(this.keys.chunk(record), this.keys.at(record));
  }

  read(record: number, tradePubkey: TradePubkey, target: PushTarget): Registration {
    const instance = this.#upper.get(record) & INSTANCE_BITS;
    return {
      tradePubkey,
      target,
      platform: this.platform(record),
      registeredAt: this.registeredAt(record),
      expiresAt: this.expiresAt(record),
      woken: this.isWoken(record),
      signed: this.#has(record, SIGNED_BIT),
      ...(instance !== NO_INSTANCE && { instance }),
      ...(this.#has(record, CONVERSATION_BIT) && { isConversation: true }),
    };
  }

  #writeExpiry(record: number, expiresAt: number): void {
    this.#expiresLow.set(record, expiresAt % LOW_BITS);
    const later = Math.floor(expiresAt / LOW_BITS) - this.#registeredUpper(record) - EARLIEST_EXPIRY;
    const bits = Math.min(MAX_EXPIRES, Math.max(0, later)) << EXPIRES_SHIFT;
    this.#upper.set(record, (this.#upper.get(record) & ~(MAX_EXPIRES << EXPIRES_SHIFT)) | bits);
  }

  #registeredUpper(record: number): number {
    return this.#upper.get(record) >>> REGISTERED_SHIFT;
  }

  #has(record: number, bit: number): boolean {
    return (this.#flags.get(record) & bit) !== 0;
  }
}
