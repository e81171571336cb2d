import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';

/** A trade pubkey as 32-bit words. */
export const KEY_WORDS = 8;
const DIGITS_OF_A_WORD = 8;

/** By character code: the value of a hex digit of either case, or -1. */
const DIGITS = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  DIGITS[digit.charCodeAt(0)] = value;
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Reads so many words from the beginning of a text of hex into an array, from a place on. */
export function readWords(hex: string, words: Uint32Array, to: number, count: number): void {
  for (let word = 0, at = 0; word < count; word++) {
    let value = 0;
    for (const end = at + DIGITS_OF_A_WORD; at < end; at++)
      value = (value << 4) | (DIGITS[hex.charCodeAt(at)] as number);
    words[to + word] = value;
  }
}

/**
 * Reads 64 hex digits of either case, where they stand in a frame, into eight words.
 *
 * @returns whether there are so many
 */
export function readKeyAt(text: Uint8Array, from: number, words: Uint32Array): boolean {
  let wrong = 0;
  for (let word = 0, at = from; word < KEY_WORDS; word++) {
    let value = 0;
    for (const end = at + DIGITS_OF_A_WORD; at < end; at++) {
      const digit = DIGITS[text[at] as number] as number;
      wrong |= digit;
      value = (value << 4) | digit;
    }
    words[word] = value;
  }
  return wrong >= 0;
}

/** The trade pubkey whose eight words begin at a place of an array, as hex. */
export function keyText(words: Uint32Array, from: number): TradePubkey {
  let text = '';
  for (let word = 0; word < KEY_WORDS; word++)
    text += (words[from + word] as number).toString(16).padStart(DIGITS_OF_A_WORD, '0');
  return text as TradePubkey;
}
