import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** RFC 2104 section 2. */
const [INNER, OUTER] = [0x36, 0x5c];
const FIRST_ROOM_BYTES = 1024;

/**
 * HMAC-SHA256 (RFC 2104) of many texts under one key. `createHmac` makes an object for each text that the garbage collector must end. That costs more than the
 * two digests.
 */
export class HmacSha256 {
  /** The key for the inner digest, and room for a text behind it. */
  #inner: Buffer;
  readonly #outer: Buffer;

  /** @param key at most 64 bytes */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError('a key has at most 64 bytes');
    this.#inner = Buffer.alloc(BLOCK_BYTES + FIRST_ROOM_BYTES);
    this.#outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
    for (let at = 0; at < BLOCK_BYTES; at++) {
      this.#inner[at] = (key[at] ?? 0) ^ INNER;
      this.#outer[at] = (key[at] ?? 0) ^ OUTER;
    }
  }

  /** @returns the first bytes of the digest of the text's UTF-8 @param length at most 32 */
  digest(text: string, length: number): Buffer {
    const most = BLOCK_BYTES + 3 * text.length;
    if (most > this.#inner.length)
      this.#inner = Buffer.concat([this.#inner.subarray(0, BLOCK_BYTES)], 2 * most);
    const end = BLOCK_BYTES + this.#inner.write(text, BLOCK_BYTES, 'utf8');
    // As a string: it is cheaper than a buffer of its own.
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'hex'), BLOCK_BYTES, 'hex');
    return Buffer.from(hash('sha256', this.#outer, 'hex').slice(0, 2 * length), 'hex');
  }
}
