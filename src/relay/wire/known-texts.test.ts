import { expect, test } from 'vitest';

import { JsonCursor } from './json-cursor.ts';
import { KnownTexts } from './known-texts.ts';

test('known texts are read as they are written, however many there are and in whatever order they come', () => {
  const known = new KnownTexts();
  const texts = ['a', 'b', '', 'ab', 'a', 'c', 'd', 'e', 'f', 'a', 'b', 'ab', 'x'.repeat(65), 'x'.repeat(65)];
  const read = texts.map((text) => {
    const cursor = new JsonCursor(Buffer.from(JSON.stringify(text)));
    expect(cursor.takePlain()).toBe(true);
    return known.read(cursor);
  });
  expect(read).toEqual(texts);
});
