import { hkdfSync } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hkdf } from './hkdf.ts';

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

describe('HKDF-SHA256', () => {
  test.each([
    [
      'a salt and an info (A.1)',
      '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      'no salt and no info (A.3)',
      '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
      '',
      '',
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ])('gives the key of RFC 5869 for %s', (_, material, salt, info, key) => {
    expect(hkdf(bytes(salt), bytes(material), bytes(info), key.length / 2).toString('hex')).toBe(key);
  });

  test('gives what hkdfSync gives, for every length', () => {
    const text = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(text, text, text, fc.integer({ min: 1, max: 255 * 32 }), (salt, material, info, length) => {
        const expected = Buffer.from(hkdfSync('sha256', material, salt, info, length));
        expect(hkdf(salt, material, info, length).equals(expected)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
