import { expect, test } from 'vitest';

import { randomHash } from './random-hash.ts';

test.each([0, 1, 2, 3])('inputs that differ only in word %i have different hashes', (word) => {
  const hash = randomHash(4);
  const hashes = new Set<number>();
  for (let n = 0; n < 1024; n++) {
    const words = new Uint32Array([1, 2, 3, 4]);
    words[word] = Math.imul(n, 0x00400401);
    hashes.add(hash(words, 0));
  }
  // One pair of them meets by chance once in eight thousand runs.
  expect(hashes.size).toBeGreaterThanOrEqual(1022);
});

test('the hash depends on the four words from the index on, and on nothing else', () => {
  const hash = randomHash(4);
  const first = hash(new Uint32Array([1, 2, 3, 4]), 0);
  expect(hash(new Uint32Array([9, 9, 1, 2, 3, 4, 9]), 2)).toBe(first);
});

test('two hash functions give different hashes', () => {
  const words = new Uint32Array([1, 2, 3, 4, 5]);
  const of = (hash = randomHash(4)): number[] => [hash(words, 0), hash(words, 1)];
  expect(of()).not.toEqual(of());
});
