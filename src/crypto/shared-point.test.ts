import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { everyCurve } from '../../test/support/every-curve.ts';
import { fromHex } from '../../test/support/sealed-token-vectors.ts';

const ORDER = secp256k1.Point.Fn.ORDER;
const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(toBytes);

function toBytes(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'));
}

const curves = await everyCurve();

describe.each(curves)('by $library', (curve) => {
  describe('the shared point is that of an independent library', () => {
    test('for random keys', () => {
      fc.assert(
        fc.property(scalar, scalar, (mine, theirs) => {
          const publicKey = secp256k1.getPublicKey(theirs, true);
          expect(curve.sharedPoint(mine, publicKey)).toEqual(
            secp256k1.getSharedSecret(mine, publicKey, true),
          );
        }),
        { numRuns: 50 },
      );
    });

    test.each([
      ['one', 1n],
      ['two', 2n],
      ['the order less one', ORDER - 1n],
      ['half of the order', ORDER / 2n],
    ])('for the private key %s', (_, value) => {
      const publicKey = secp256k1.getPublicKey(toBytes(7n), true);
      expect(curve.sharedPoint(toBytes(value), publicKey)).toEqual(
        secp256k1.getSharedSecret(toBytes(value), publicKey, true),
      );
    });

    test('both sides get the same', () => {
      const [a, b] = [toBytes(123n), toBytes(456n)];
      const [ofA, ofB] = [secp256k1.getPublicKey(a, true), secp256k1.getPublicKey(b, true)];
      expect(curve.sharedPoint(a, ofB)).toEqual(curve.sharedPoint(b, ofA));
    });
  });

  describe('bytes that are no compressed point have no shared point', () => {
    const point = secp256k1.getPublicKey(toBytes(7n), false);

    test.each([
      ['an x that is not on the curve', fromHex(`02${'00'.repeat(31)}05`)],
      ['an x beyond the field', fromHex(`02${'ff'.repeat(32)}`)],
      ['an uncompressed point', point],
      ['a prefix of 04 on 33 bytes', Uint8Array.of(4, ...point.subarray(1, 33))],
      ['an x without prefix', point.subarray(1, 33)],
      ['zeros', new Uint8Array(33)],
      ['nothing', new Uint8Array(0)],
    ])('%s', (_, publicKey) => {
      expect(curve.sharedPoint(toBytes(9n), publicKey)).toBeUndefined();
    });
  });
});
