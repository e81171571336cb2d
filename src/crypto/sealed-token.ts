import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

import { isPrivate, pointFromScalar } from 'tiny-secp256k1';

import type { SealedTokenProblem, TokenContent } from '../core/token-content.ts';
import type { Curve } from './curve.ts';
import { sharedPoint } from './shared-point.ts';
import { wasmCurve } from './wasm-curve.ts';

// The envelope `mostro-push-v1` (contract 3.1):
//   ephemeral_pubkey(33, compressed) || nonce(12) || ciphertext(220) || tag(16)
//   plaintext = platform(1) || length(2, big endian) || token || random padding
const SALT = 'mostro-push-v1';
const INFO = 'mostro-token-encryption';
const PUBKEY_BYTES = 33;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PLAINTEXT_BYTES = 220;
const HEADER_BYTES = 3;
const CIPHER = 'chacha20-poly1305';

/** The length of a sealed token in bytes, before base64. */
export const SEALED_TOKEN_BYTES = PUBKEY_BYTES + NONCE_BYTES + PLAINTEXT_BYTES + TAG_BYTES;
/** The longest token, in bytes of UTF-8, that fits into an envelope. */
const MAX_TOKEN_BYTES = PLAINTEXT_BYTES - HEADER_BYTES;

const PLATFORM_BYTES: Readonly<Record<TokenContent['platform'], number>> = { ios: 0x01, android: 0x02 };

/**
 * Opens a sealed token.
 *
 * @param sealed {@link SEALED_TOKEN_BYTES} bytes
 * @param privateKey the server's, 32 bytes
 */
export function openToken(
  sealed: Uint8Array,
  privateKey: Uint8Array,
  curve: Curve = wasmCurve,
): TokenContent | SealedTokenProblem {
  const point = curve.sharedPoint(privateKey, sealed.subarray(0, PUBKEY_BYTES));
  if (point === undefined) return 'Failed to decrypt token';
  // Raw x first; then, once, the hash that the Rust server's library takes of the shared point.
  const plaintext = decrypt(sealed, point.subarray(1)) ?? decrypt(sealed, sha256(point));
  return plaintext === undefined ? 'Failed to decrypt token' : decode(plaintext);
}

/** The randomness that sealing needs; given only by tests, to meet their vectors. */
export interface SealingRandomness {
  /** 32 bytes, a scalar of the curve. */
  readonly ephemeralPrivateKey: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** As many bytes as the token leaves of the 220 − 3. */
  readonly padding: (length: number) => Uint8Array;
}

/**
 * Seals a token to a server, as a client does.
 *
 * @param serverPubkey 33 bytes, compressed
 * @returns {@link SEALED_TOKEN_BYTES} bytes
 * @throws RangeError when the token is empty or longer than 217 bytes, or the key is no point on the curve
 */
export function sealToken(
  content: TokenContent,
  serverPubkey: Uint8Array,
  { ephemeralPrivateKey, nonce, padding }: SealingRandomness = freshRandomness(),
): Uint8Array {
  const token = Buffer.from(content.token, 'utf8');
  if (token.length === 0 || token.length > MAX_TOKEN_BYTES) {
    throw new RangeError(`a token has 1 to ${MAX_TOKEN_BYTES} bytes, this one ${token.length}`);
  }
  const ephemeralPubkey = pointFromScalar(ephemeralPrivateKey, true);
  const point = sharedPoint(ephemeralPrivateKey, serverPubkey);
  if (point === undefined || ephemeralPubkey === null)
    throw new RangeError('the key is no point on the curve');
  const header = Buffer.from([PLATFORM_BYTES[content.platform], token.length >> 8, token.length & 0xff]);
  const plaintext = Buffer.concat([header, token, padding(MAX_TOKEN_BYTES - token.length)]);
  const cipher = createCipheriv(CIPHER, encryptionKey(point.subarray(1)), nonce, {
    authTagLength: TAG_BYTES,
  });
  return Buffer.concat([
    ephemeralPubkey,
    nonce,
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

function freshRandomness(): SealingRandomness {
  let ephemeralPrivateKey = randomBytes(32);
  while (!isPrivate(ephemeralPrivateKey)) ephemeralPrivateKey = randomBytes(32);
  return { ephemeralPrivateKey, nonce: randomBytes(NONCE_BYTES), padding: randomBytes };
}

function decrypt(sealed: Uint8Array, keyMaterial: Uint8Array): Buffer | undefined {
  const nonce = sealed.subarray(PUBKEY_BYTES, PUBKEY_BYTES + NONCE_BYTES);
  const ciphertext = sealed.subarray(PUBKEY_BYTES + NONCE_BYTES, sealed.length - TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, encryptionKey(keyMaterial), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined; // The tag does not match: not sealed to this key, or not in this way.
  }
}

function decode(plaintext: Buffer): TokenContent | SealedTokenProblem {
  const platform = (['ios', 'android'] as const).find((name) => PLATFORM_BYTES[name] === plaintext[0]);
  if (platform === undefined) return 'Invalid platform identifier';
  const length = plaintext.readUInt16BE(1);
  if (length === 0 || length > plaintext.length - HEADER_BYTES) return 'Invalid token';
  try {
    const bytes = plaintext.subarray(HEADER_BYTES, HEADER_BYTES + length);
    return { platform, token: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return 'Invalid token'; // Not UTF-8.
  }
}

/** HKDF-SHA256 (RFC 5869) of one block. By two HMACs: on Node 20 more than twice as fast as `hkdfSync`. */
function encryptionKey(keyMaterial: Uint8Array): Buffer {
  const extracted = createHmac('sha256', SALT).update(keyMaterial).digest();
  return createHmac('sha256', extracted).update(`${INFO}\x01`, 'latin1').digest();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
