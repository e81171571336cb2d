import { createHmac, randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { HmacSha256 } from './hmac-sha256.ts';

test.for([0, 1, 32, 64])(
  'a digest under a key of %i bytes is that of createHmac, whatever the text',
  (bytes) => {
    const key = randomBytes(bytes);
    const hmac = new HmacSha256(key);
    for (const text of ['', 'a', 'ä€😀'.repeat(100), 'x'.repeat(63), 'long '.repeat(2000), 'short again']) {
      const expected = createHmac('sha256', key).update(text).digest();
      expect(hmac.digest(text, 32)).toEqual(expected);
      expect(hmac.digest(text, 16)).toEqual(expected.subarray(0, 16));
    }
  },
);

test('a key that is longer than a block is refused', () => {
  expect(() => new HmacSha256(randomBytes(65))).toThrow(RangeError);
});
