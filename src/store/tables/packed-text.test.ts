import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isPackable, pack, unpack } from './packed-text.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const word = fc.string({ unit: fc.constantFrom(...BASE64URL.split('')), minLength: 1, maxLength: 200 });
const token = fc.oneof(
  word,
  fc.tuple(word, word).map(([name, value]) => `${name}:${value}`),
);

test('a base64url text, with or without a colon, is unpacked as it was packed', () => {
  fc.assert(
    fc.property(token, (text) => {
      expect(unpack(pack(text), text.length)).toBe(text);
    }),
  );
});

test('a packed FCM token takes three quarters of its length', () => {
  expect(pack(`${'x'.repeat(22)}:APA91b${'y'.repeat(134)}`).length).toBe(124);
});

test('texts with equal packed bytes differ in their lengths', () => {
  expect(pack('ab')).toEqual(pack('abAA'));
  expect([2, 3, 4].map((length) => unpack(pack('ab'), length))).toEqual(['ab', 'abA', 'abAA']);
});

test.each(['', ':', 'a:', ':a', 'a:b:c', 'a b', 'a/b', 'a+b', 'a=', 'ä', 'a\n', `${'x'.repeat(255)}:y`])(
  'the text %j is not packable',
  (text) => expect(isPackable(text)).toBe(false),
);
