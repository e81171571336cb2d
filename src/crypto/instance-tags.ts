import { hash } from 'node:crypto';

import { derivedKey } from './derived-key.ts';

const KEY_BYTES = 32;
/** The hex digits of 32 bits: enough that the remainder below is as good as uniformly distributed. */
const HASH_DIGITS = 8;
/** Tags of 15 bits, without 0. */
const TAGS = 2 ** 15 - 1;

/**
 * Tags for the Mostro instances that registrations name. A tag is a hash of 15 bits of the trade key and the instance, under a key that
 * is derived from the server's key. It always takes the same room, so clients that name many instances cannot fill a table. One of
 * 32 767 other public keys has the same tag as the instance. Which ones these are differs for every trade key, so that an attacker
 * cannot find one with a registration of their own and use it against the registrations of others.
 */
export class InstanceTags {
  readonly #keys: readonly string[];

  /** @param serverKeys the server's private key, then its previous keys: a tag that was made with one of them still counts */
  constructor(serverKeys: readonly Uint8Array[]) {
    this.#keys = serverKeys.map((key) => derivedKey(key, 'instance', KEY_BYTES).toString('hex'));
  }

  /**
   * @param tradePubkey of the registration: 64 lower-case hex digits, as the instance
   * @returns the tag of the instance for that registration, from 1 to 32767
   */
  of(tradePubkey: string, instance: string): number {
    return tagged(this.#keys[0] ?? '', tradePubkey, instance);
  }

  /** Whether this tag, of a registration of this trade key, stands for this public key. */
  isOf(tag: number, tradePubkey: string, pubkey: string): boolean {
    return this.#keys.some((key) => tagged(key, tradePubkey, pubkey) === tag);
  }
}

function tagged(key: string, tradePubkey: string, instance: string): number {
  const digits = hash('sha256', key + tradePubkey + instance).slice(0, HASH_DIGITS);
  return 1 + (Number.parseInt(digits, 16) % TAGS);
}
