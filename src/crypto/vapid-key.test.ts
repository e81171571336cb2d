import { createHmac } from 'node:crypto';

import { p256 } from '@noble/curves/nist.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { derivedKey } from './derived-key.ts';
import { deriveVapidKey, vapidKey } from './vapid-key.ts';

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** The key derivation of the contract, by another library. */
function expectedPublicKey(serverKey: Uint8Array): string {
  const drawn = hkdf(sha256, serverKey, undefined, Buffer.from('mostro-push/vapid/v1'), 48);
  const scalar = (BigInt(`0x${Buffer.from(drawn).toString('hex')}`) % (p256.Point.Fn.ORDER - 1n)) + 1n;
  const bytes = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  return Buffer.from(p256.getPublicKey(bytes, false)).toString('base64url');
}

describe('a key derived from the server’s', () => {
  test('is HKDF-SHA256 of it, as another library computes it', () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 1, max: 100 }), (key, bytes) => {
        const expected = hkdf(sha256, key, undefined, Buffer.from('mostro-push/some-use/v1'), bytes);
        expect(derivedKey(key, 'some-use', bytes)).toEqual(Buffer.from(expected));
      }),
      { numRuns: 30 },
    );
  });

  test('is another one for another use', () => {
    const key = new Uint8Array(32).fill(1);
    expect(derivedKey(key, 'a', 32)).not.toEqual(derivedKey(key, 'b', 32));
  });

  test('without salt, as RFC 5869 has it: a salt of zeros', () => {
    const key = new Uint8Array(32).fill(1);
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(key).digest();
    const expected = createHmac('sha256', extracted).update('mostro-push/a/v1\x01', 'latin1').digest();
    expect(derivedKey(key, 'a', 32)).toEqual(expected);
  });
});

describe('the VAPID key', () => {
  test('is the one that the contract derives from the server’s key, always', () => {
    fc.assert(
      fc.property(secret, (key) => {
        expect(deriveVapidKey(key).publicKey).toBe(expectedPublicKey(key));
      }),
      { numRuns: 30 },
    );
  });

  test.each(['1'.padStart(64, '0'), `${'0'.repeat(60)}abcd`, 'a'.repeat(64)])(
    'of the scalar %s is its point, in 87 characters',
    (scalar) => {
      const { privateKey, publicKey } = vapidKey(scalar);
      const point = p256.getPublicKey(Buffer.from(scalar, 'hex'), false);
      expect(publicKey).toBe(Buffer.from(point).toString('base64url'));
      expect(publicKey).toHaveLength(87);
      expect(privateKey.export({ format: 'jwk' })).toMatchObject({ crv: 'P-256' });
    },
  );
});
