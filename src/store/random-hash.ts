import { getRandomValues } from 'node:crypto';

/** A 32-bit hash of the four words that begin at a place of an array. */
export type WordsHash = (words: Uint32Array, from: number) => number;

const BYTES = 16;
const VALUES_OF_A_BYTE = 256;

/**
 * Simple tabulation: one random table for every byte, the values found in them XORed. Whoever chooses what is hashed knows
 * no two inputs that meet more often than by chance, and linear probing stays at constant expected cost (Pătraşcu and
 * Thorup, "The power of simple tabulation hashing", 2012).
 */
export function randomHash(): WordsHash {
  const tables = getRandomValues(new Uint32Array(BYTES * VALUES_OF_A_BYTE));
  return (words, from) => {
    let hash = 0;
    for (let byte = 0; byte < BYTES; byte++) {
      const value = ((words[from + (byte >>> 2)] as number) >>> ((byte & 3) * 8)) & 0xff;
      hash ^= tables[byte * VALUES_OF_A_BYTE + value] as number;
    }
    return hash >>> 0;
  };
}
