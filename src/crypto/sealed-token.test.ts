import { createDecipheriv } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import {
  fromBase64,
  fromHex,
  invalidVectors,
  validVectors,
  type SealedTokenVector,
} from '../../test/support/sealed-token-vectors.ts';
import { openToken } from './sealed-token.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from './server-key.ts';
import { wasmCurve } from './wasm-curve.ts';

const curve = wasmCurve();
const serverKey = parseServerKey(generatePrivateKey()) as ServerKey;

const SEALED_TOKEN_BYTES = 281;
const HEADER_BYTES = 3;

function open(sealed: Uint8Array): ReturnType<typeof openToken> {
  return openToken(sealed, serverKey.privateKey.reveal(), curve);
}

function sealedTo({ publicKeyHex: serverPubkey }: ServerKey): Uint8Array {
  return fromBase64(sealToken({ serverPubkey, platform: 'android', token: 'a token' }));
}

/** The plaintext of a vector, by node:crypto and the vector's own key. */
function plaintextOf(vector: SealedTokenVector): Buffer {
  const sealed = fromBase64(vector.encrypted_token);
  const options = { authTagLength: 16 };
  const decipher = createDecipheriv('chacha20-poly1305', fromHex(vector.key), fromHex(vector.nonce), options);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(45, -16)), decipher.final()]);
}

const platform = fc.constantFrom('android' as const, 'ios' as const);
const token = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 217 })
  .filter((text) => Buffer.byteLength(text) <= 217);

describe('the vectors', () => {
  test('there are ten valid ones and sixteen invalid ones', () => {
    expect([validVectors.length, invalidVectors.length]).toEqual([10, 16]);
  });

  test.each(validVectors)('"$name" opens to its token', (vector) => {
    const opened = openToken(fromBase64(vector.encrypted_token), fromHex(vector.server_private_key), curve);
    expect(opened).toEqual({ platform: vector.platform, token: vector.token });
  });

  test.each(validVectors)(
    '"$name" is what the stand-in of a client seals from the same randomness',
    (vector) => {
      const { format, ikm, platform: which, server_pubkey: serverPubkey, shared_x, token: text } = vector;
      const request = { serverPubkey, platform: which, token: text, format, hashedPoint: ikm !== shared_x };
      const randomness = {
        ephemeralSecretKey: fromHex(vector.ephemeral_private_key),
        nonce: fromHex(vector.nonce),
        padding: plaintextOf(vector).subarray(HEADER_BYTES + Buffer.byteLength(text)),
      };
      expect(sealToken(request, randomness)).toBe(vector.encrypted_token);
    },
  );

  // A token of the wrong size, or whose content is no JSON, is refused by the HTTP API.
  const refusedHere = invalidVectors.filter(({ message, name }) => !/size|not JSON/.test(message + name));
  test.each(refusedHere)('"$name" is refused with "$message"', (vector) => {
    const opened = openToken(fromBase64(vector.encrypted_token), fromHex(vector.server_private_key), curve);
    expect(opened).toBe(vector.message);
  });
});

describe('tokens sealed by other libraries open', () => {
  test.each([
    ['raw x', false],
    ['the hashed point of the Rust server', true],
  ])('with %s', (_, hashedPoint) => {
    fc.assert(
      fc.property(platform, token, (which, text) => {
        const request = { serverPubkey: serverKey.publicKeyHex, platform: which, token: text, hashedPoint };
        const sealed = fromBase64(sealToken(request));
        expect(sealed).toHaveLength(SEALED_TOKEN_BYTES);
        expect(open(sealed)).toEqual({ platform: which, token: text });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a sealed token does not open', () => {
  // The first byte chooses one of two points with the same x. Only the x counts.
  test('with any flipped bit behind the first byte, which makes it one and the same failure', () => {
    const sealed = sealedTo(serverKey);
    fc.assert(
      fc.property(fc.integer({ min: 8, max: SEALED_TOKEN_BYTES * 8 - 1 }), (bit) => {
        const flipped = Uint8Array.from(sealed);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(open(flipped)).toBe('Failed to decrypt token');
      }),
      { numRuns: 200 },
    );
  });

  test('if it is random bytes of the right length, and nothing is thrown', () => {
    const rubbish = fc.uint8Array({ minLength: SEALED_TOKEN_BYTES, maxLength: SEALED_TOKEN_BYTES });
    fc.assert(
      fc.property(rubbish, (bytes) => {
        expect(open(bytes)).toBe('Failed to decrypt token');
      }),
    );
  });

  test('by the key of another server', () => {
    const other = parseServerKey(generatePrivateKey()) as ServerKey;
    expect(open(sealedTo(other))).toBe('Failed to decrypt token');
  });
});
