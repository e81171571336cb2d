import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';

import { derivedKey } from './derived-key.ts';

/** The key with which this server signs its Web Push requests (RFC 8292). */
export interface VapidKey {
  readonly privateKey: KeyObject;
  /** The public key with which an app subscribes: 65 bytes, uncompressed, as base64url. */
  readonly publicKey: string;
}

/** The order of P-256 (FIPS 186-5): a private key is a number from 1 to the order less 1. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** 16 bytes more than a private key has, so that the remainder below is as good as uniformly distributed (FIPS 186-5, A.2.1). */
const DERIVED_BYTES = 48;

/** The key that is used unless `VAPID_PRIVATE_KEY` gives one. It is derived from the server's key: HKDF, mod (n − 1) + 1 (contract 7). */
export function deriveVapidKey(serverPrivateKey: Uint8Array): VapidKey {
  const drawn = BigInt(`0x${derivedKey(serverPrivateKey, 'vapid', DERIVED_BYTES).toString('hex')}`);
  return vapidKey(((drawn % (P256_ORDER - 1n)) + 1n).toString(16).padStart(64, '0'));
}

/** @param scalar a private key of P-256, 64 hex characters */
export function vapidKey(scalar: string): VapidKey {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(scalar, 'hex');
  const point = pair.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: Buffer.from(scalar, 'hex').toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return {
    privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
    publicKey: point.toString('base64url'),
  };
}
