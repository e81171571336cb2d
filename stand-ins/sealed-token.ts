import { randomBytes } from 'node:crypto';

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';

const PLAINTEXT_BYTES = 220;
const HEADER_BYTES = 3;
const PLATFORM = { ios: 1, android: 2 } as const;

interface SealRequest {
  /** 66 hex characters, compressed, as `/api/info` gives it. */
  serverPubkey: string;
  platform: 'android' | 'ios';
  token: string;
  /** Derive the key from the SHA-256 of the shared point, as clients of the Rust server do. */
  hashedPoint?: boolean;
}

interface Randomness {
  ephemeralSecretKey: Uint8Array;
  nonce: Uint8Array;
  /** The first bytes of it fill the plaintext up. */
  padding: Uint8Array;
}

/**
 * Seals a device token for the server: the 281 bytes of `mostro-push-v1`, as standard base64. Made with other
 * libraries than the server's, so that the two check each other. The randomness is a parameter for test vectors.
 */
export function sealToken(request: SealRequest, randomness: Randomness = freshRandomness()): string {
  const { ephemeralSecretKey, nonce } = randomness;
  const sealed = chacha20poly1305(sealingKey(request, ephemeralSecretKey), nonce).encrypt(
    sealedPlaintext(request, randomness.padding),
  );
  const ephemeralPubkey = secp256k1.getPublicKey(ephemeralSecretKey, true);
  return Buffer.concat([ephemeralPubkey, nonce, sealed]).toString('base64');
}

function freshRandomness(): Randomness {
  return {
    ephemeralSecretKey: secp256k1.utils.randomSecretKey(),
    nonce: randomBytes(12),
    padding: randomBytes(PLAINTEXT_BYTES),
  };
}

function sealingKey({ serverPubkey, hashedPoint = false }: SealRequest, secretKey: Uint8Array): Uint8Array {
  const point = secp256k1.getSharedSecret(secretKey, Buffer.from(serverPubkey, 'hex'), true);
  const secret = hashedPoint ? sha256(point) : point.subarray(1);
  return hkdf(sha256, secret, Buffer.from('mostro-push-v1'), Buffer.from('mostro-token-encryption'), 32);
}

function sealedPlaintext({ platform, token }: SealRequest, padding: Uint8Array): Uint8Array {
  const bytes = Buffer.from(token);
  const room = PLAINTEXT_BYTES - HEADER_BYTES;
  if (bytes.length > room) {
    throw new RangeError(`a token of at most ${room} bytes fits, this one has ${bytes.length}`);
  }
  const header = Buffer.from([PLATFORM[platform], bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([header, bytes, padding.subarray(0, room - bytes.length)]);
}
