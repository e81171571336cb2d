import { getRandomValues } from 'node:crypto';

/** A 32-bit hash of the words that begin at a place of an array. */
export type WordsHash = (words: Uint32Array, from: number) => number;

const BYTES_OF_A_WORD = 4;
const VALUES_OF_A_BYTE = 256;

/**
 * Simple tabulation: one random table for every byte, the values found in them XORed. Whoever chooses what is hashed knows
 * no two inputs that meet more often than by chance, and linear probing stays at constant expected cost (Pătraşcu and
 * Thorup, "The power of simple tabulation hashing", 2012).
 *
 * @param count of the words that are hashed
 */
export function randomHash(count: number): WordsHash {
  const tables = new Int32Array(count * BYTES_OF_A_WORD * VALUES_OF_A_BYTE);
  // `getRandomValues` fills 64 KiB at the most.
  getRandomValues(tables);
  return (words, from) => {
    let hash = 0;
    for (let word = 0, table = 0; word < count; word++, table += BYTES_OF_A_WORD * VALUES_OF_A_BYTE) {
      const value = words[from + word] as number;
      hash ^=
        (tables[table + (value & 0xff)] as number) ^
        (tables[table + 0x100 + ((value >>> 8) & 0xff)] as number) ^
        (tables[table + 0x200 + ((value >>> 16) & 0xff)] as number) ^
        (tables[table + 0x300 + (value >>> 24)] as number);
    }
    return hash >>> 0;
  };
}
