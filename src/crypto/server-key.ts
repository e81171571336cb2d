import { randomBytes } from 'node:crypto';

import { isPrivate, pointFromScalar } from 'tiny-secp256k1';

import { Secret } from '../core/basics/secret.ts';
import { encodeNpub } from '../lib/npub.ts';

/** The server's secp256k1 key pair: clients seal their tokens to it. */
export interface ServerKey {
  /** 32 bytes. */
  readonly privateKey: Secret<Uint8Array>;
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 66 hex characters, as `/api/info` gives it. */
  readonly publicKeyHex: string;
  /** The x-only key as Nostr writes it (NIP-19). */
  readonly npub: string;
}

/**
 * Reads a private key written as 64 hex characters of any case.
 *
 * @returns the key pair, or `undefined` if the text is no private key of the curve
 */
export function parseServerKey(text: string): ServerKey | undefined {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) return undefined;
  const privateKey = new Uint8Array(Buffer.from(text, 'hex'));
  const publicKey = isPrivate(privateKey) ? pointFromScalar(privateKey, true) : null;
  if (publicKey === null) return undefined;
  return {
    privateKey: new Secret(privateKey),
    publicKey,
    publicKeyHex: Buffer.from(publicKey).toString('hex'),
    npub: encodeNpub(publicKey.subarray(1)),
  };
}

/** A fresh private key as 64 hex characters. */
export function generatePrivateKey(): string {
  for (;;) {
    const candidate = randomBytes(32);
    // A draw fails once in 2^128 times.
    if (isPrivate(candidate)) return candidate.toString('hex');
  }
}
