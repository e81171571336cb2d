import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import type { Secret } from '../../core/basics/secret.ts';
import { hkdf } from '../../lib/hkdf.ts';

const CIPHER = 'chacha20-poly1305';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 3;
const OVERHEAD_BYTES = SALT_BYTES + NONCE_BYTES + TAG_BYTES;
/** The lengths to which values are filled up, in bytes; longer ones to a multiple of the step. All that the length of a value tells. */
const LENGTHS = [256, 512, 1088];
const STEP_BYTES = 1024;
/** Random bytes for so many nonces are drawn at once: a call costs far more than the bytes. */
const NONCES_AT_ONCE = 256;
/** So many keys of other servers are remembered. A server makes one at each start. */
const MOST_KEYS = 1024;

/**
 * Seals values for the engine: `salt(16) || nonce(12) || ciphertext || tag(16)`. The ciphertext is ChaCha20-Poly1305 of the length of the
 * value (3 bytes), the value, and zeros. The salt is random for each start of a server, and makes the key, by HKDF-SHA256 of the server's
 * key: so servers that seal for years do not use a nonce twice. The place of a value is its associated data, so a value that was moved
 * to another place does not open.
 */
export class ValueSealer {
  readonly #root: Buffer;
  readonly #salt = randomBytes(SALT_BYTES);
  readonly #key: Buffer;
  /** Random bytes that no nonce has had yet, from a place on. */
  #random = Buffer.alloc(0);
  #randomFrom = 0;
  /** By salt, as latin1. */
  readonly #keys = new Map<string, Buffer>();

  /** @param privateKey the server's, 32 bytes */
  constructor(privateKey: Secret<Uint8Array>) {
    this.#root = hkdf('', privateKey.reveal(), 'mostro-push/fleet-seal/v1', KEY_BYTES);
    this.#key = this.#derive(this.#salt);
  }

  /** @param place where the value will lie: the name of its key, and its field if it has one */
  seal(value: Uint8Array, place: Uint8Array): Buffer {
    const plaintext = Buffer.alloc(filledLength(LENGTH_BYTES + value.length));
    plaintext.writeUIntBE(value.length, 0, LENGTH_BYTES);
    plaintext.set(value, LENGTH_BYTES);
    const nonce = this.#nonce();
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(place, { plaintextLength: plaintext.length });
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([this.#salt, nonce, ciphertext, cipher.getAuthTag()]);
  }

  /** @returns the value; `undefined` unless it was sealed by a server of this fleet, for this place */
  open(sealed: Buffer, place: Uint8Array): Buffer | undefined {
    const ciphertext = sealed.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES);
    if (sealed.length < OVERHEAD_BYTES + LENGTH_BYTES) return undefined;
    const nonce = sealed.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#keyOf(sealed.subarray(0, SALT_BYTES)), nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(place, { plaintextLength: ciphertext.length });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plaintext = decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      return undefined; // The tag does not match.
    }
    const end = LENGTH_BYTES + plaintext.readUIntBE(0, LENGTH_BYTES);
    return end > plaintext.length ? undefined : plaintext.subarray(LENGTH_BYTES, end);
  }

  #nonce(): Buffer {
    if (this.#randomFrom === this.#random.length) {
      this.#random = randomBytes(NONCES_AT_ONCE * NONCE_BYTES);
      this.#randomFrom = 0;
    }
    return this.#random.subarray(this.#randomFrom, (this.#randomFrom += NONCE_BYTES));
  }

  #keyOf(salt: Buffer): Buffer {
    if (salt.equals(this.#salt)) return this.#key;
    const name = salt.toString('latin1');
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = this.#derive(salt);
    // A stranger's values can have any number of salts. To forget all keys costs one derivation for each server.
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    this.#keys.set(name, key);
    return key;
  }

  #derive(salt: Buffer): Buffer {
    return hkdf(salt, this.#root, 'mostro-push/fleet-value/v1', KEY_BYTES);
  }
}

/** The length to which a value of so many bytes is filled up. */
function filledLength(bytes: number): number {
  return LENGTHS.find((length) => bytes <= length) ?? Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
