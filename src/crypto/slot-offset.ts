import { derivedKey } from './derived-key.ts';

/** So many more than the milliseconds of a slot that the remainder is as good as uniformly distributed. */
const BYTES = 6;

/** How many milliseconds after the multiples of a slot the edges of this server's slots lie: from 0 to `slotMs` less one (contract 9). */
export function slotOffset(serverPrivateKey: Uint8Array, slotMs: number): number {
  return derivedKey(serverPrivateKey, 'slot-offset', BYTES).readUIntBE(0, BYTES) % slotMs;
}
