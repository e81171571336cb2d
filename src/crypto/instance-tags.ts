import { hash } from 'node:crypto';

import { derivedKey } from './derived-key.ts';

const KEY_BYTES = 32;
/** Hex digits of 16 bits. */
const TAG_DIGITS = 4;
const TAGS = 0xffff;

/**
 * Names Mostro instances by a hash of 16 bits under a key that is derived from the server's: what is kept of the instance that a
 * registration names. It takes two bytes whatever clients name, so no table of instances can be filled by those who name many. A
 * stranger's key has the tag of a given instance once in 65 535 times, and without the server's key nobody can tell when.
 */
export class InstanceTags {
  readonly #keys: readonly string[];

  /** @param serverKeys the server's private key, and those before it: a tag that was made with one of them still counts */
  constructor(serverKeys: readonly Uint8Array[]) {
    this.#keys = serverKeys.map((key) => derivedKey(key, 'instance', KEY_BYTES).toString('hex'));
  }

  /**
   * @param pubkey 64 hex digits, in lower case
   * @returns the tag of the instance, from 1 to 65535
   */
  of(pubkey: string): number {
    return tag(this.#keys[0] ?? '', pubkey);
  }

  /** Whether the tag is that of this public key. */
  isOf(tagged: number, pubkey: string): boolean {
    return this.#keys.some((key) => tag(key, pubkey) === tagged);
  }
}

function tag(key: string, pubkey: string): number {
  return 1 + (Number.parseInt(hash('sha256', key + pubkey).slice(0, TAG_DIGITS), 16) % TAGS);
}
