import { getRandomValues } from 'node:crypto';

/** A 32-bit hash of the words that begin at index `from`. */
export type WordsHash = (words: Uint32Array, from: number) => number;

const BYTES_OF_A_WORD = 4;
const VALUES_OF_A_BYTE = 256;

/**
 * A hash function with random tables of its own (simple tabulation): there is one table for each byte of the input, and the hash is the XOR
 * of the entries that the bytes choose. A client that does not know the tables cannot choose inputs that collide more often than by
 * chance, and linear probing keeps a constant expected cost (Pătraşcu and Thorup, "The power of simple tabulation hashing", 2012).
 *
 * @param count how many words are hashed; each takes 4 KiB of tables
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
