import { hash } from 'node:crypto';

import { derivedKey } from './derived-key.ts';

const KEY_BYTES = 32;
/** Hex digits of 32 bits, of which no value of fewer bits is more likely than another. */
const HASH_DIGITS = 8;
/** Tags of 15 bits, without 0. */
const TAGS = 2 ** 15 - 1;

/**
 * What is kept of the Mostro instance that a registration names: a hash of 15 bits of the trade key and the instance, under a key that
 * is derived from the server's. It takes the same room whatever clients name, so no table of instances can be filled by those who
 * name many. Another public key than the instance's has the same hash once in 32 767 times. It is another public key for every trade
 * key, so that nobody can find it out with a registration of their own and use it against those of others.
 */
export class InstanceTags {
  readonly #keys: readonly string[];

  /** @param serverKeys the server's private key, and those before it: a tag that was made with one of them still counts */
  constructor(serverKeys: readonly Uint8Array[]) {
    this.#keys = serverKeys.map((key) => derivedKey(key, 'instance', KEY_BYTES).toString('hex'));
  }

  /**
   * @param tradePubkey that the registration is of: 64 hex digits, in lower case, as the instance
   * @returns the tag of the instance for that registration, from 1 to 32767
   */
  of(tradePubkey: string, instance: string): number {
    return tagged(this.#keys[0] ?? '', tradePubkey, instance);
  }

  /** Whether the tag of a registration of this trade key is that of this public key. */
  isOf(tag: number, tradePubkey: string, pubkey: string): boolean {
    return this.#keys.some((key) => tagged(key, tradePubkey, pubkey) === tag);
  }
}

function tagged(key: string, tradePubkey: string, instance: string): number {
  const digits = hash('sha256', key + tradePubkey + instance).slice(0, HASH_DIGITS);
  return 1 + (Number.parseInt(digits, 16) % TAGS);
}
