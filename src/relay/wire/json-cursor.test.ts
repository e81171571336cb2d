import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyJsonTextOf } from '../../../test/support/json-text.ts';
import { JsonCursor } from './json-cursor.ts';

function cursorOver(text: string): JsonCursor {
  return new JsonCursor(Buffer.from(text));
}

test.each([
  ['""', ''],
  ['"a"', ''],
  [String.raw`"\""`, ''],
  [String.raw`"\\"`, ''],
  [String.raw`"\\\""`, ''],
  [String.raw`"\\" , 1`, ' , 1'],
  [String.raw`"\\\\","x"`, ',"x"'],
])('skipString ends %s at its closing quote', (text, rest) => {
  const cursor = cursorOver(text);
  expect(cursor.skipString()).toBe(true);
  expect(text.slice(cursor.position)).toBe(rest);
});

test.each(['"', '"a', String.raw`"\"`, String.raw`"\\\"`, 'a"'])('skipString finds no end in %s', (text) => {
  expect(cursorOver(text).skipString()).toBe(false);
});

test('skipString: a backslash before the opening quote does not count', () => {
  const cursor = cursorOver(String.raw`\""`);
  cursor.position = 1;
  expect(cursor.skipString()).toBe(true);
});

test.each(['"a\\n"', '"\t"', '"ä"', '"\u007f"', '"a', 'a', ''])('takePlain does not take %j', (text) => {
  expect(cursorOver(text).takePlain()).toBe(false);
});

test('takePlain takes any printable ASCII after white space', () => {
  const cursor = cursorOver(' \n\r\t"~ a[]{}"');
  expect([cursor.takePlain(), cursor.text()]).toEqual([true, '~ a[]{}']);
});

test.each([
  ['0,', 0],
  ['14,', 14],
  ['65535 }', 65_535],
  ['99999\n}', 99_999],
])('digits takes %j', (text, value) => {
  expect(cursorOver(text).digits(5)).toBe(value);
});

test.each(['', '14', '14]', '100000,', '00,', '014,', '-1,', '1.0,', '1e1,', '1E1}', '+1,', 'x,'])(
  'digits leaves %j to JSON.parse',
  (text) => {
    expect(cursorOver(text).digits(5)).toBeUndefined();
  },
);

test('skipValue takes any JSON value that is not nested deeply, and stops right behind it', () => {
  const spelt = fc.jsonValue({ maxDepth: 5 }).chain(anyJsonTextOf);
  fc.assert(
    fc.property(spelt, (text) => {
      const cursor = cursorOver(`${text},`);
      expect(cursor.skipValue()).toBe(true);
      expect(cursor.take(0x2c)).toBe(true);
      expect(cursor.atEnd()).toBe(true);
    }),
  );
});

test.each(['', '[', '[1', '[1,', '[1,]', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{a:1}', '[}', ','])(
  'skipValue takes nothing that is cut off or crooked: %j',
  (text) => {
    expect(cursorOver(text).skipValue()).toBe(false);
  },
);

test('skipValue: sixteen levels are taken, seventeen are not', () => {
  expect(cursorOver('['.repeat(16) + ']'.repeat(16)).skipValue()).toBe(true);
  expect(cursorOver('['.repeat(17) + ']'.repeat(17)).skipValue()).toBe(false);
});
