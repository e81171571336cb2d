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

/** A number below this bound, or as far below the order of the curve, is no key: everybody tries such numbers first. */
const GUESSED_BELOW = 2n ** 64n;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Private keys of the test vectors of BIP-340, NIP-06 and NIP-19, which everybody knows. */
const OF_STANDARDS: ReadonlySet<string> = new Set([
  'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef',
  'c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9',
  '0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710',
  '0340034003400340034003400340034003400340034003400340034003400340',
  '7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a',
  'c15d739894c81a2fcfd3a2df85a0d2c0dbc47a280d092799f144d73d7ae78add',
  '67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa',
]);

/** Private keys of the vectors of this program, with which its tests run. */
const OF_VECTORS: ReadonlySet<string> = new Set([
  'a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3',
  '5bbacabd1c04533d712ceea21df117878f92856dae2a42e88c9666d43f86c88f',
]);

/**
 * Whether others know this private key, so that it protects nothing. `guessed`: a small number, or a key of a standard. `published`: a
 * pattern, or a key of this program's vectors, which is good for tests alone.
 */
export function knownToOthers({
  privateKey,
}: Pick<ServerKey, 'privateKey'>): 'guessed' | 'published' | undefined {
  const hex = Buffer.from(privateKey.reveal()).toString('hex');
  const scalar = BigInt(`0x${hex}`);
  if (scalar < GUESSED_BELOW || ORDER - scalar < GUESSED_BELOW || OF_STANDARDS.has(hex)) return 'guessed';
  return OF_VECTORS.has(hex) || /^(.{1,16}?)\1+$/.test(hex) ? 'published' : undefined;
}
