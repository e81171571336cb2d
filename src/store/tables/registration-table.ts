import type { Platform, PushTarget } from '../../core/registry/push-target.ts';
import { isOwned, type Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { NO_POLICY, PLATFORM_CODES, platformOf, POLICY_CODES, policyOf } from '../codes.ts';
import { Column } from './rows.ts';
import { KEY_WORDS, keyText } from './hex-words.ts';

// The flags, two bytes a row:
/** {@link PLATFORM_CODES} */
const PLATFORM_BITS = 0b0011;
const WOKEN_BIT = 0b0100;
const SIGNED_BIT = 0b1000;
/** The row has a registration. */
const USED_BIT = 0b1_0000;
const CONVERSATION_BIT = 0b10_0000;
/** 3 bits: {@link POLICY_CODES} */
const POLICY_SHIFT = 6;

const LOW_BITS = 2 ** 32;

// A time in milliseconds needs more than 32 bits. Its low 32 bits have a column; the upper parts of both times share the word `#upper`
// with the instance: registered (10 bits) | expires (7 bits) | instance (15 bits). An upper part counts units of 2^32 ms, 49.7 days.
/** 10 bits: the upper part of `registeredAt`. They last until the year 2109. */
const REGISTERED_SHIFT = 22;
const MAX_REGISTERED = 2 ** 10 - 1;
/**
 * 7 bits: the upper part of `expiresAt` less that of `registeredAt`, plus 8. So an expiry may be from 8 units before the registration to
 * 119 units, sixteen years, after it; TOKEN_MAX_AGE_DAYS is ten years at most. An expiry beyond is cut to that range.
 */
const EXPIRES_SHIFT = 15;
const MAX_EXPIRES = 2 ** 7 - 1;
const EARLIEST_EXPIRY = -8;
/** 15 bits: the instance. */
const INSTANCE_BITS = 2 ** 15 - 1;
/** The registration names no instance. */
const NO_INSTANCE = 0;

/**
 * The fields of each registration, without its target: 50 bytes a row.
 *
 * | column | bytes | |
 * |---|---|---|
 * | `keys` | 32 | the trade pubkey, eight words |
 * | `devices` | 4 | the row of its device ({@link DeviceLinks}) |
 * | flags | 2 | platform, woken, signed, used, conversation, wake policy |
 * | registered, expires | 4 + 4 | the low 32 bits of each time |
 * | upper | 4 | the upper parts of both times, and the instance |
 */
export class RegistrationTable {
  /** The trade pubkeys, eight words each. */
  readonly keys = new Column((length) => new Uint32Array(length), KEY_WORDS);
  readonly devices = new Column((length) => new Int32Array(length));
  readonly #flags = new Column((length) => new Uint16Array(length));
  // Milliseconds since the epoch, modulo 2^32.
  readonly #registeredLow = new Column((length) => new Uint32Array(length));
  readonly #expiresLow = new Column((length) => new Uint32Array(length));
  readonly #upper = new Column((length) => new Uint32Array(length));

  constructor() {
    // Row 0 is no registration, but a look-up that finds nothing may read it: see `KeyIndex.decoy`.
    this.reach(0);
  }

  /** Makes room for this row and all rows before it. */
  reach(row: number): void {
    this.keys.reach(row);
    for (const column of [this.#registeredLow, this.#expiresLow, this.#upper]) column.reach(row);
    for (const column of [this.devices, this.#flags]) column.reach(row);
  }

  write(row: number, registration: Registration): void {
    const { expiresAt, instance = NO_INSTANCE, isConversation, platform, registeredAt } = registration;
    const { signed, wakePolicy, woken } = registration;
    const flags = USED_BIT | (woken ? WOKEN_BIT : 0) | (signed ? SIGNED_BIT : 0);
    const conversation = isConversation === true ? CONVERSATION_BIT : 0;
    const policy = (wakePolicy === undefined ? NO_POLICY : POLICY_CODES[wakePolicy]) << POLICY_SHIFT;
    this.#flags.set(row, flags | conversation | policy | PLATFORM_CODES[platform]);
    this.#registeredLow.set(row, registeredAt % LOW_BITS);
    const upper = Math.min(MAX_REGISTERED, Math.floor(registeredAt / LOW_BITS));
    this.#upper.set(row, (upper << REGISTERED_SHIFT) | (instance & INSTANCE_BITS));
    this.#writeExpiry(row, expiresAt);
  }

  /** Marks a registration as woken, with a new expiry: a relay wake was delivered. */
  renew(row: number, expiresAt: number): void {
    this.#flags.set(row, this.#flags.get(row) | WOKEN_BIT);
    this.#writeExpiry(row, expiresAt);
  }

  clear(row: number): void {
    this.#flags.set(row, 0);
  }

  isUsed(row: number): boolean {
    return this.#has(row, USED_BIT);
  }

  /** Whether the row is used, and its registration asks for a wake policy. */
  isAsking(row: number): boolean {
    return this.#flags.get(row) >>> POLICY_SHIFT !== NO_POLICY;
  }

  isWoken(row: number): boolean {
    return this.#has(row, WOKEN_BIT);
  }

  /** Reads the row only: an answer about an owned key must not take longer than one about an unknown key (contract 1.3). */
  isOwned(row: number, now: number): boolean {
    return isOwned({ signed: this.#has(row, SIGNED_BIT), expiresAt: this.expiresAt(row) }, now);
  }

  platform(row: number): Platform {
    return platformOf(this.#flags.get(row) & PLATFORM_BITS) as Platform;
  }

  registeredAt(row: number): number {
    return this.#registeredUpper(row) * LOW_BITS + this.#registeredLow.get(row);
  }

  expiresAt(row: number): number {
    const later = (this.#upper.get(row) >>> EXPIRES_SHIFT) & MAX_EXPIRES;
    const upper = this.#registeredUpper(row) + later + EARLIEST_EXPIRY;
    return upper * LOW_BITS + this.#expiresLow.get(row);
  }

  tradePubkey(row: number): TradePubkey {
    return keyText(this.keys.chunk(row), this.keys.at(row));
  }

  read(row: number, tradePubkey: TradePubkey, target: PushTarget): Registration {
    const instance = this.#upper.get(row) & INSTANCE_BITS;
    const wakePolicy = policyOf(this.#flags.get(row) >>> POLICY_SHIFT);
    return {
      tradePubkey,
      target,
      platform: this.platform(row),
      registeredAt: this.registeredAt(row),
      expiresAt: this.expiresAt(row),
      woken: this.isWoken(row),
      signed: this.#has(row, SIGNED_BIT),
      ...(instance !== NO_INSTANCE && { instance }),
      ...(this.#has(row, CONVERSATION_BIT) && { isConversation: true }),
      ...(wakePolicy !== undefined && { wakePolicy }),
    };
  }

  #writeExpiry(row: number, expiresAt: number): void {
    this.#expiresLow.set(row, expiresAt % LOW_BITS);
    const later = Math.floor(expiresAt / LOW_BITS) - this.#registeredUpper(row) - EARLIEST_EXPIRY;
    const bits = Math.min(MAX_EXPIRES, Math.max(0, later)) << EXPIRES_SHIFT;
    this.#upper.set(row, (this.#upper.get(row) & ~(MAX_EXPIRES << EXPIRES_SHIFT)) | bits);
  }

  #registeredUpper(row: number): number {
    return this.#upper.get(row) >>> REGISTERED_SHIFT;
  }

  #has(row: number, bit: number): boolean {
    return (this.#flags.get(row) & bit) !== 0;
  }
}
