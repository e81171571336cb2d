import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import type { Secret } from '../../core/basics/secret.ts';
import { hkdf } from '../../lib/hkdf.ts';

const CIPHER = 'chacha20-poly1305';
const KEY_BYTES = 32;
const CHECK_BYTES = 16;
const INDEX_BYTES = 6;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LEAST_BYTES = INDEX_BYTES + NONCE_BYTES + TAG_BYTES;
export const SALT_BYTES = 32;

/** A frame whose tag matched. */
export interface OpenFrame {
  readonly index: number;
  /** Records, and zeros behind them. */
  readonly records: Buffer;
}

/**
 * Seals the frames of one file: `index(6) || nonce(12) || ciphertext || tag(16)`. The ciphertext is ChaCha20-Poly1305 of the records and
 * the zeros that fill them up. The index is the frame's number in the file, from 0 on, and is the associated data: a frame that is moved or
 * left out does not go unnoticed. The key is HKDF-SHA256 of the server's key with the file's salt. Nonces are random, not counted: when a
 * backup is put back, two files go on from the same index.
 */
export class FrameSealer {
  readonly #key: Buffer;
  /** 32 hex characters in the header that tell whether a file is sealed with this key, before any frame is opened. */
  readonly check: string;

  /** @param privateKey the server's, 32 bytes */
  constructor(privateKey: Secret<Uint8Array>, salt: Uint8Array) {
    const derive = (use: string, length: number): Buffer =>
      hkdf(salt, privateKey.reveal(), `mostro-push/${use}/v1`, length);
    this.#key = derive('store', KEY_BYTES);
    this.check = derive('store-check', CHECK_BYTES).toString('hex');
  }

  /** @param filled the length to which the records are filled up with zeros, in bytes: all that the length of the frame tells */
  seal(index: number, records: readonly Uint8Array[], filled: number): Buffer {
    const header = Buffer.alloc(INDEX_BYTES);
    header.writeUIntBE(index, 0, INDEX_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    const length = records.reduce((sum, record) => sum + record.length, 0);
    cipher.setAAD(header, { plaintextLength: filled });
    const plaintext = Buffer.concat([...records, Buffer.alloc(filled - length)]);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()]);
  }

  /** @returns `undefined` unless the frame was sealed with this key, for this file, and with the index that it names */
  open(frame: Buffer): OpenFrame | undefined {
    if (frame.length < LEAST_BYTES) return undefined;
    const header = frame.subarray(0, INDEX_BYTES);
    const nonce = frame.subarray(INDEX_BYTES, INDEX_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(header, { plaintextLength: frame.length - LEAST_BYTES });
    decipher.setAuthTag(frame.subarray(frame.length - TAG_BYTES));
    const records = decipher.update(frame.subarray(INDEX_BYTES + NONCE_BYTES, frame.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined; // The tag does not match.
    }
    return { index: header.readUIntBE(0, INDEX_BYTES), records };
  }
}
