import { createDecipheriv, createHash } from 'node:crypto';

import type { Platform } from '../core/registry/push-target.ts';
import type { SealedTokenProblem, TokenContent } from '../core/registry/token-content.ts';
import { hkdf } from '../lib/hkdf.ts';
import type { Curve } from './curve.ts';

// An envelope (contract 3):
//   ephemeral_pubkey(33, compressed) || nonce(12) || ciphertext || tag(16)
//   plaintext = platform(1) || length(2, big endian) || token || random padding
const PUBKEY_BYTES = 33;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 3;
const KEY_BYTES = 32;
const CIPHER = 'chacha20-poly1305';
/** The first byte of a plaintext (contract 3). */
const PLATFORM_BYTES = { ios: 0x01, android: 0x02, webpush: 0x03, web: 0x04 } as const satisfies Record<
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

const ENVELOPES: readonly Envelope[] = [
  // For an FCM token or a short endpoint (contract 3.1).
  {
    plaintextBytes: 220,
    salt: 'mostro-push-v1',
    info: 'mostro-token-encryption',
    platforms: ['ios', 'android'],
    allowsHashedPoint: true,
  },
  // Long enough for a Web Push subscription, and for any token (contract 3.2).
  {
    plaintextBytes: 1024,
    salt: 'mostro-push-v2',
    info: 'mostro-token-encryption-v2',
    platforms: ['ios', 'android', 'webpush', 'web'],
    allowsHashedPoint: false,
  },
];

/** The lengths that a sealed token may have, in bytes before base64. The usual length is first. */
export const SEALED_TOKEN_SIZES: readonly number[] = ENVELOPES.map(sealedBytes);

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
  const envelope = ENVELOPES.find((one) => sealedBytes(one) === sealed.length);
  const point = curve.sharedPoint(privateKey, sealed.subarray(0, PUBKEY_BYTES));
  if (envelope === undefined || point === undefined) return 'Failed to decrypt token';
  // First the x-coordinate itself, then the hash that the Rust server's library makes of the shared point.
  const plaintext =
    decrypt(sealed, point.subarray(1), envelope) ??
    (envelope.allowsHashedPoint ? decrypt(sealed, sha256(point), envelope) : undefined);
  return plaintext === undefined ? 'Failed to decrypt token' : decode(plaintext, envelope);
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
