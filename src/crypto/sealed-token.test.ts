import { createDecipheriv } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sealToken as sealIndependently } from '../../stand-ins/sealed-token.ts';
import {
  fromBase64,
  fromHex,
  invalidVectors,
  validVectors,
  type SealedTokenVector,
} from '../../test/support/sealed-token-vectors.ts';
import { openToken, sealToken } from './sealed-token.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from './server-key.ts';
import { wasmCurve } from './wasm-curve.ts';

const curve = wasmCurve();
const serverKey = parseServerKey(generatePrivateKey()) as ServerKey;

const SEALED_TOKEN_BYTES = 281;

function open(sealed: Uint8Array): ReturnType<typeof openToken> {
  return openToken(sealed, serverKey.privateKey.reveal(), curve);
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

  test.each(validVectors.filter(({ ikm, shared_x }) => ikm === shared_x))(
    '"$name" is sealed byte for byte the same from the same randomness',
    (vector) => {
      const plaintext = plaintextOf(vector);
      const sealed = sealToken(vector, fromHex(vector.server_pubkey), vector.format, {
        ephemeralPrivateKey: fromHex(vector.ephemeral_private_key),
        nonce: fromHex(vector.nonce),
        padding: (length) => plaintext.subarray(plaintext.length - length),
      });
      expect(Buffer.from(sealed).toString('base64')).toBe(vector.encrypted_token);
    },
  );

  // What has the wrong size, or seals no JSON, is refused by who asks for the opening.
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
        const sealed = fromBase64(sealIndependently(request));
        expect(open(sealed)).toEqual({ platform: which, token: text });
      }),
      { numRuns: 30 },
    );
  });
});

describe('sealing', () => {
  test('any token comes out as it went in, from exactly 281 bytes', () => {
    fc.assert(
      fc.property(platform, token, (which, text) => {
        const sealed = sealToken({ platform: which, token: text }, serverKey.publicKey);
        expect(sealed).toHaveLength(SEALED_TOKEN_BYTES);
        expect(open(sealed)).toEqual({ platform: which, token: text });
      }),
      { numRuns: 50 },
    );
  });

  test('the same token never looks the same twice', () => {
    const [one, other] = [1, 2]
      .map(() => sealToken({ platform: 'ios', token: 't' }, serverKey.publicKey))
      .map((sealed) => Buffer.from(sealed).toString('hex'));
    expect(one?.slice(0, 66)).not.toBe(other?.slice(0, 66));
    expect(one?.slice(66, 90)).not.toBe(other?.slice(66, 90));
  });

  test.each([
    ['an empty token', ''],
    ['a token of 218 bytes', 'x'.repeat(218)],
    ['a token of 109 characters and 218 bytes', 'é'.repeat(109)],
  ])('%s is refused', (_, text) => {
    expect(() => sealToken({ platform: 'ios', token: text }, serverKey.publicKey)).toThrow(RangeError);
  });

  test.each([
    ['is not on the curve', `02${'ff'.repeat(32)}`],
    ['is x-only', 'a'.repeat(64)],
    ['is empty', ''],
  ])('a server key that %s is refused', (_, pubkey) => {
    expect(() => sealToken({ platform: 'ios', token: 't' }, fromHex(pubkey))).toThrow(RangeError);
  });
});

describe('opening tells nothing but its three words', () => {
  // The first byte says which of two points with the same x is meant; only the x counts.
  test('any bit that is flipped behind the first byte makes it one and the same failure', () => {
    const sealed = sealToken({ platform: 'android', token: 'a token' }, serverKey.publicKey);
    fc.assert(
      fc.property(fc.integer({ min: 8, max: SEALED_TOKEN_BYTES * 8 - 1 }), (bit) => {
        const flipped = Uint8Array.from(sealed);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(open(flipped)).toBe('Failed to decrypt token');
      }),
      { numRuns: 200 },
    );
  });

  test('rubbish of the right length is a failure and not a throw', () => {
    const rubbish = fc.uint8Array({ minLength: SEALED_TOKEN_BYTES, maxLength: SEALED_TOKEN_BYTES });
    fc.assert(
      fc.property(rubbish, (bytes) => {
        expect(open(bytes)).toBe('Failed to decrypt token');
      }),
    );
  });

  test('the key of another server does not open it', () => {
    const other = parseServerKey(generatePrivateKey()) as ServerKey;
    const sealed = sealToken({ platform: 'android', token: 'a token' }, other.publicKey);
    expect(open(sealed)).toBe('Failed to decrypt token');
  });
});
