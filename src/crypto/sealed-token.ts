import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

import * as tiny from 'tiny-secp256k1';

import type { Platform } from '../core/registry/push-target.ts';
import type { SealedTokenProblem, TokenContent } from '../core/registry/token-content.ts';
import { hkdf } from '../lib/hkdf.ts';
import type { Curve } from './curve.ts';
import { sharedPoint } from './shared-point.ts';

// An envelope (contract 3):
//   ephemeral_pubkey(33, compressed) || nonce(12) || ciphertext || tag(16)
//   plaintext = platform(1) || length(2, big endian) || token || random padding
const PUBKEY_BYTES = 33;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 3;
const KEY_BYTES = 32;
const CIPHER = 'chacha20-poly1305';
/** What the first byte of a plaintext says (contract 3). */
const PLATFORM_BYTES = { ios: 0x01, android: 0x02, webpush: 0x03 } as const satisfies Record<
  Platform,
  number
>;

/** One kind of envelope. All envelopes of a kind have the same length, by which the kind is recognised. */
interface Envelope {
  readonly plaintextBytes: number;
  readonly salt: string;
  readonly info: string;
  readonly platforms: readonly Platform[];
  /** Whether the key may also be derived from the shared point's hash, as the Rust server's library makes it. */
  readonly allowsHashedPoint: boolean;
}

const ENVELOPES = {
  /** For an FCM token or a short endpoint (contract 3.1). */
  'mostro-push-v1': {
    plaintextBytes: 220,
    salt: 'mostro-push-v1',
    info: 'mostro-token-encryption',
    platforms: ['ios', 'android'],
    allowsHashedPoint: true,
  },
  /** Long enough for a Web Push subscription (contract 3.2). */
  'mostro-push-v2': {
    plaintextBytes: 1024,
    salt: 'mostro-push-v2',
    info: 'mostro-token-encryption-v2',
    platforms: ['ios', 'android', 'webpush'],
    allowsHashedPoint: false,
  },
} as const satisfies Readonly<Record<string, Envelope>>;

export type EnvelopeName = keyof typeof ENVELOPES;

const envelopes: readonly Envelope[] = Object.values(ENVELOPES);

/** The lengths that a sealed token may have, in bytes before base64. The usual length is first. */
export const SEALED_TOKEN_SIZES: readonly number[] = envelopes.map(sealedBytes);

function sealedBytes({ plaintextBytes }: Envelope): number {
  return PUBKEY_BYTES + NONCE_BYTES + plaintextBytes + TAG_BYTES;
}

/**
 * Opens a sealed token.
 *
 * @param sealed as many bytes as one of {@link SEALED_TOKEN_SIZES}
 * @param privateKey the server's, 32 bytes
 * @throws CurveFault when no library finds the shared point
 */
export function openToken(
  sealed: Uint8Array,
  privateKey: Uint8Array,
  curve: Curve,
): TokenContent | SealedTokenProblem {
  const envelope = envelopes.find((one) => sealedBytes(one) === sealed.length);
  const point = curve.sharedPoint(privateKey, sealed.subarray(0, PUBKEY_BYTES));
  if (envelope === undefined || point === undefined) return 'Failed to decrypt token';
  // First the x-coordinate itself, then the hash that the Rust server's library makes of the shared point.
  const plaintext =
    decrypt(sealed, point.subarray(1), envelope) ??
    (envelope.allowsHashedPoint ? decrypt(sealed, sha256(point), envelope) : undefined);
  return plaintext === undefined ? 'Failed to decrypt token' : decode(plaintext, envelope);
}

/** The randomness that sealing needs. Only tests give it, to reproduce their vectors. */
export interface SealingRandomness {
  /** 32 bytes, a scalar of the curve. */
  readonly ephemeralPrivateKey: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** Gives the bytes that fill the plaintext behind the token. */
  readonly padding: (length: number) => Uint8Array;
}

/**
 * Seals a token to a server, as a client does.
 *
 * @param serverPubkey 33 bytes, compressed
 * @returns the envelope, of the length that all envelopes of its kind have
 * @throws RangeError if the token is empty or too long for the envelope (its plaintext less three bytes), if the envelope is for other
 *   platforms, or if the key is no point on the curve
 */
export function sealToken(
  content: TokenContent,
  serverPubkey: Uint8Array,
  name: EnvelopeName = 'mostro-push-v1',
  { ephemeralPrivateKey, nonce, padding }: SealingRandomness = freshRandomness(),
): Uint8Array {
  const envelope: Envelope = ENVELOPES[name];
  const ephemeralPubkey = tiny.pointFromScalar(ephemeralPrivateKey, true);
  const point = sharedPoint(tiny, ephemeralPrivateKey, serverPubkey);
  if (point === undefined || ephemeralPubkey === null)
    throw new RangeError('the key is no point on the curve');
  const plaintext = encode(content, envelope, padding);
  const cipher = createCipheriv(CIPHER, encryptionKey(point.subarray(1), envelope), nonce, {
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
  while (!tiny.isPrivate(ephemeralPrivateKey)) ephemeralPrivateKey = randomBytes(32);
  return { ephemeralPrivateKey, nonce: randomBytes(NONCE_BYTES), padding: randomBytes };
}

function decrypt(sealed: Uint8Array, keyMaterial: Uint8Array, envelope: Envelope): Buffer | undefined {
  const nonce = sealed.subarray(PUBKEY_BYTES, PUBKEY_BYTES + NONCE_BYTES);
  const ciphertext = sealed.subarray(PUBKEY_BYTES + NONCE_BYTES, sealed.length - TAG_BYTES);
  const key = encryptionKey(keyMaterial, envelope);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined; // The tag does not match: sealed to another key, or in another way.
  }
}

function encode(
  { platform, token }: TokenContent,
  { plaintextBytes, platforms }: Envelope,
  padding: SealingRandomness['padding'],
): Buffer {
  const [bytes, room] = [Buffer.from(token, 'utf8'), plaintextBytes - HEADER_BYTES];
  if (bytes.length === 0 || bytes.length > room) {
    throw new RangeError(`a token has 1 to ${room} bytes, this one ${bytes.length}`);
  }
  if (!platforms.includes(platform)) throw new RangeError(`no envelope of this kind is for ${platform}`);
  const header = Buffer.from([PLATFORM_BYTES[platform], bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([header, bytes, padding(room - bytes.length)]);
}

function decode(plaintext: Buffer, { platforms }: Envelope): TokenContent | SealedTokenProblem {
  const platform = platforms.find((name) => PLATFORM_BYTES[name] === plaintext[0]);
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

function encryptionKey(keyMaterial: Uint8Array, { salt, info }: Envelope): Buffer {
  return hkdf(salt, keyMaterial, info, KEY_BYTES);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
