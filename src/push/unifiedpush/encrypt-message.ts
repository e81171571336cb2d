import { createCipheriv, createECDH, randomBytes } from 'node:crypto';

import type { WebPushKeys } from '../../core/registry/push-target.ts';
import { hkdf } from '../../lib/hkdf.ts';

const CURVE = 'prime256v1';
const SALT_BYTES = 16;
/** The record size that push services expect (RFC 8291, 4). A message is always one record, shorter than this. */
const RECORD_BYTES = 4096;
/** Ends the text of the last record. Zeros may follow as padding (RFC 8188, 2). */
const LAST_RECORD = 0x02;

/** The random values of a message. Only tests pass them, to compare with vectors. */
export interface MessageRandomness {
  /** 32 bytes, a private key of P-256. */
  readonly privateKey: Uint8Array;
  /** 16 bytes. */
  readonly salt: Uint8Array;
}

/**
 * Encrypts a message for a Web Push subscription (RFC 8291) in one record of `aes128gcm` (RFC 8188).
 *
 * @param paddedBytes the length that the message is padded to, to hide its own length
 * @returns salt(16) || record size(4) || key length(1) || public key(65) || ciphertext || tag(16): 103 bytes more than the
 *   padded message
 * @throws RangeError if the message is longer than `paddedBytes`; an error of `node:crypto` if `p256dh` is not a point on the curve
 */
export function encryptMessage(
  message: Uint8Array,
  { p256dh, auth }: WebPushKeys,
  paddedBytes: number,
  randomness?: MessageRandomness,
): Buffer {
  if (message.length > paddedBytes) throw new RangeError('the message is longer than its padding');
  const pair = createECDH(CURVE);
  if (randomness === undefined) pair.generateKeys();
  else pair.setPrivateKey(randomness.privateKey);
  const salt = randomness?.salt ?? randomBytes(SALT_BYTES);
  const [theirs, ours] = [Buffer.from(p256dh, 'base64url'), pair.getPublicKey()];
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, ours]);
  const shared = hkdf(Buffer.from(auth, 'base64url'), pair.computeSecret(theirs), keyInfo, 32);
  const key = hkdf(salt, shared, 'Content-Encoding: aes128gcm\0', 16);
  const nonce = hkdf(salt, shared, 'Content-Encoding: nonce\0', 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const padding = Buffer.alloc(1 + paddedBytes - message.length);
  padding[0] = LAST_RECORD;
  const recordSize = Buffer.alloc(4);
  recordSize.writeUInt32BE(RECORD_BYTES);
  return Buffer.concat([
    salt,
    recordSize,
    Buffer.from([ours.length]),
    ours,
    cipher.update(message),
    cipher.update(padding),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}
