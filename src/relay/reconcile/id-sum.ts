import { hash } from 'node:crypto';

import { ID_WORDS } from '../wire/event-id.ts';

/** The words of a sum: how many ids it has, and then the ids' sum modulo 2^256, the lowest word first. */
export const SUM_WORDS = 1 + ID_WORDS;
const FINGERPRINT_BYTES = 16;
const WORD = 0x1_0000_0000;
/** A count has at most five digits to base 128, since it is below 2^32. */
const COUNT_BYTES = 5;

/** Adds one id to the sum that begins at `at`. */
export function addId(sums: Uint32Array, at: number, words: Uint32Array): void {
  sums[at] = (sums[at] as number) + 1;
  addWords(sums, at + 1, words, 0);
}

/** Adds a sum to the sum that begins at `at`. @param from where the other sum begins. @returns how many ids were added */
export function addSum(sums: Uint32Array, at: number, others: Uint32Array, from: number): number {
  const count = others[from] as number;
  sums[at] = (sums[at] as number) + count;
  addWords(sums, at + 1, others, from + 1);
  return count;
}

function addWords(sums: Uint32Array, at: number, words: Uint32Array, from: number): void {
  let carry = 0;
  for (let n = 0; n < ID_WORDS; n++) {
    const sum = (sums[at + n] as number) + (words[from + n] as number) + carry;
    carry = sum >= WORD ? 1 : 0;
    sums[at + n] = sum;
  }
}

/** Makes the fingerprint of a sum: the first half of a SHA-256 over the sum and the count (negentropy, protocol v1). */
export function fingerprintOf(sum: Uint32Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 * ID_WORDS + COUNT_BYTES);
  for (let n = 0; n < ID_WORDS; n++) bytes.writeUInt32LE(sum[n + 1] as number, 4 * n);
  const end = writeVarint(bytes, 4 * ID_WORDS, sum[0] as number);
  return hash('sha256', bytes.subarray(0, end), 'buffer').subarray(0, FINGERPRINT_BYTES);
}

/** Writes a number to base 128, the highest digit first; every digit but the last has its highest bit set. @returns where it ends */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits++;
  let rest = value;
  for (let n = at + digits - 1; n >= at; n--) {
    bytes[n] = (rest % 128) | (n === at + digits - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return at + digits;
}
