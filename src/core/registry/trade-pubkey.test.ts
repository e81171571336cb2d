import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hex } from '../../../test/support/registrations.ts';
import { parseTradePubkey } from './trade-pubkey.ts';

describe('a trade key', () => {
  test('is read in any case and written in lower case', () => {
    fc.assert(
      fc.property(hex(64), (key) => {
        expect(parseTradePubkey(key)).toBe(key);
        expect(parseTradePubkey(key.toUpperCase())).toBe(key);
      }),
    );
  });

  test('need not be a point on the curve', () => {
    expect(parseTradePubkey('f'.repeat(64))).toBe('f'.repeat(64));
  });

  test.each([
    ['63 characters', 'a'.repeat(63)],
    ['65 characters', 'a'.repeat(65)],
    ['66 characters, compressed', `02${'a'.repeat(64)}`],
    ['a line end', `${'a'.repeat(64)}\n`],
    ['a letter beyond f', `${'a'.repeat(63)}g`],
    ['a full-width digit', `${'a'.repeat(63)}１`],
    ['nothing', ''],
    ['a number', 1],
    ['null', null],
    ['undefined', undefined],
    ['an array of it', ['a'.repeat(64)]],
  ])('is not %s', (_, text) => {
    expect(parseTradePubkey(text)).toBeUndefined();
  });
});
