import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';

/** A trade pubkey has eight words of 32 bits. */
export const KEY_WORDS = 8;
const DIGITS_OF_A_WORD = 8;

/** By character code: the value of a hex digit in either case, or -1 for any other character. */
const DIGITS = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  DIGITS[digit.charCodeAt(0)] = value;
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Reads the first `count` words of a hex text into `words`, from index `to` on. The text must be hex. */
export function readWords(hex: string, words: Uint32Array, to: number, count: number): void {
  for (let word = 0, at = 0; word < count; word++) {
    let value = 0;
    for (const end = at + DIGITS_OF_A_WORD; at < end; at++)
      value = (value << 4) | (DIGITS[hex.charCodeAt(at)] as number);
    words[to + word] = value;
  }
}

/**
 * Reads the 64 hex digits that begin at `from` in a frame, in either case, into eight words.
 *
 * @returns whether all 64 are hex digits
 */
export function readKeyAt(text: Uint8Array, from: number, words: Uint32Array): boolean {
  // Becomes negative with the first character that is no digit. One check at the end costs less than 64.
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

/** The trade pubkey whose eight words begin at index `from`. */
export function keyText(words: Uint32Array, from: number): TradePubkey {
  let text = '';
  for (let word = 0; word < KEY_WORDS; word++)
    text += (words[from + word] as number).toString(16).padStart(DIGITS_OF_A_WORD, '0');
  return text as TradePubkey;
}
