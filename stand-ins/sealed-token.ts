import { randomBytes } from 'node:crypto';

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';

const HEADER_BYTES = 3;
const PLATFORM = { ios: 1, android: 2, webpush: 3, web: 4 } as const;
const FORMATS = {
  'mostro-push-v1': { plaintextBytes: 220, info: 'mostro-token-encryption' },
  'mostro-push-v2': { plaintextBytes: 1024, info: 'mostro-token-encryption-v2' },
} as const;

interface SealRequest {
  /** 66 hex characters, compressed, as `/api/info` gives it. */
  serverPubkey: string;
  platform: keyof typeof PLATFORM;
  token: string;
  /** The length of the sealed token: 281 bytes (default) or 1085. */
  format?: keyof typeof FORMATS;
  /** If true, the key is derived from the SHA-256 of the shared point, as clients of the Rust server do. */
  hashedPoint?: boolean;
}

interface Randomness {
  ephemeralSecretKey: Uint8Array;
  nonce: Uint8Array;
  /** Random bytes. The first ones pad the plaintext. */
  padding: Uint8Array;
}

/**
 * Seals a device token for the server, as standard base64. Made with other
 * libraries than the server's, so that the two check each other. The randomness is a parameter for test vectors.
 */
export function sealToken(request: SealRequest, randomness: Randomness = freshRandomness()): string {
  const { ephemeralSecretKey, nonce } = randomness;
  const plaintext = sealedPlaintext(request, randomness.padding);
  const sealed = chacha20poly1305(sealingKey(request, ephemeralSecretKey), nonce).encrypt(plaintext);
  const ephemeralPubkey = secp256k1.getPublicKey(ephemeralSecretKey, true);
  return Buffer.concat([ephemeralPubkey, nonce, sealed]).toString('base64');
}

function freshRandomness(): Randomness {
  return {
    ephemeralSecretKey: secp256k1.utils.randomSecretKey(),
    nonce: randomBytes(12),
    padding: randomBytes(FORMATS['mostro-push-v2'].plaintextBytes),
  };
}

function sealingKey(request: SealRequest, secretKey: Uint8Array): Uint8Array {
  const { serverPubkey, format = 'mostro-push-v1', hashedPoint = false } = request;
  const point = secp256k1.getSharedSecret(secretKey, Buffer.from(serverPubkey, 'hex'), true);
  const secret = hashedPoint ? sha256(point) : point.subarray(1);
  return hkdf(sha256, secret, Buffer.from(format), Buffer.from(FORMATS[format].info), 32);
}

function sealedPlaintext(request: SealRequest, padding: Uint8Array): Uint8Array {
  const { platform, token, format = 'mostro-push-v1' } = request;
  const bytes = Buffer.from(token);
  const room = FORMATS[format].plaintextBytes - HEADER_BYTES;
  if (bytes.length > room) {
    throw new RangeError(`a token of at most ${room} bytes fits, this one has ${bytes.length}`);
  }
  const header = Buffer.from([PLATFORM[platform], bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([header, bytes, padding.subarray(0, room - bytes.length)]);
}
