/** How many 32-bit words an event id has. */
export const ID_WORDS = 8;
/** How many hexadecimal digits an event id has. */
const ID_DIGITS = 64;
const [FIRST_OF_DIGITS, FIRST_OF_LETTERS] = [0x30, 0x61];

/** The value of each hexadecimal digit in small letters, by its character code; 255 for every other character. */
const VALUES = new Uint8Array(256).fill(0xff);
for (let n = 0; n < 10; n++) VALUES[FIRST_OF_DIGITS + n] = n;
for (let n = 10; n < 16; n++) VALUES[FIRST_OF_LETTERS + n - 10] = n;

/**
 * Reads an event id without making a string. Word n has the bytes 4n to 4n + 3, the lowest first, which is the order in which NIP-77
 * adds ids up.
 *
 * @param from where the text of the id begins in the bytes
 * @param end where it ends
 * @param words gets the id
 * @returns whether the text is an id in small letters
 */
export function readEventId(bytes: Uint8Array, from: number, end: number, words: Uint32Array): boolean {
  if (end - from !== ID_DIGITS) return false;
  let all = 0;
  for (let n = 0, at = from; n < ID_WORDS; n++, at += 8) {
    const first = (value(bytes, at) << 4) | value(bytes, at + 1);
    const second = (value(bytes, at + 2) << 4) | value(bytes, at + 3);
    const third = (value(bytes, at + 4) << 4) | value(bytes, at + 5);
    const fourth = (value(bytes, at + 6) << 4) | value(bytes, at + 7);
    all |= first | second | third | fourth;
    words[n] = first | (second << 8) | (third << 16) | (fourth << 24);
  }
  // The value of any other character sets bits above the eighth.
  return all <= 0xff;
}

function value(bytes: Uint8Array, at: number): number {
  return VALUES[bytes[at] as number] as number;
}
