import { inspect } from 'node:util';

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { decode } from 'nostr-tools/nip19';
import { describe, expect, test } from 'vitest';

import { fromHex } from '../../test/support/sealed-token-vectors.ts';
import { generatePrivateKey, parseServerKey } from './server-key.ts';

const PRIVATE = 'a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3';
const PUBLIC = '03be686ed7f0539affbaf634f3bcc2b235e8e220e7be57e9397ab1c14c39137eb4';
const ORDER = secp256k1.Point.Fn.ORDER.toString(16);

describe('a private key', () => {
  test('has the public key of the vectors', () => {
    expect(parseServerKey(PRIVATE)).toMatchObject({ publicKeyHex: PUBLIC, publicKey: fromHex(PUBLIC) });
  });

  test('may be written in upper case', () => {
    expect(parseServerKey(PRIVATE.toUpperCase())?.publicKeyHex).toBe(PUBLIC);
  });

  test('has an npub that any Nostr client reads as its x-only key', () => {
    expect(decode(parseServerKey(PRIVATE)?.npub ?? '')).toEqual({ type: 'npub', data: PUBLIC.slice(2) });
  });

  test('does not show when its key pair is printed', () => {
    const key = parseServerKey(PRIVATE);
    expect(inspect(key, { depth: 9, showHidden: true })).toContain('[redacted]');
    expect(`${inspect(key?.privateKey)}${JSON.stringify(key)}`).not.toContain(PRIVATE.slice(0, 8));
    expect(key?.privateKey.reveal()).toEqual(fromHex(PRIVATE));
  });

  test.each([
    ['nothing', ''],
    ['63 characters', PRIVATE.slice(1)],
    ['65 characters', `${PRIVATE}0`],
    ['a 0x before it', `0x${PRIVATE.slice(2)}`],
    ['a letter that is no hex', `g${PRIVATE.slice(1)}`],
    ['white space around it', `${PRIVATE}\n`],
    ['zero', '0'.repeat(64)],
    ['the order of the curve', ORDER],
    ['all ones', 'f'.repeat(64)],
  ])('is not %s', (_, text) => {
    expect(parseServerKey(text)).toBeUndefined();
  });
});

describe('a generated key', () => {
  test('is a private key', () => {
    expect(parseServerKey(generatePrivateKey())).toBeDefined();
  });

  test('is another one every time', () => {
    expect(generatePrivateKey()).not.toBe(generatePrivateKey());
  });
});
