import { decodeNpub } from '../lib/npub.ts';

/**
 * Reads the public key of a Mostro instance: 64 hex characters of any case, or an npub (NIP-19).
 *
 * @returns lower-case hex, or `undefined` for any other text, an nsec included
 */
export function parseMostroPubkey(written: string): string | undefined {
  if (/^[0-9a-f]{64}$/i.test(written)) return written.toLowerCase();
  const bytes = decodeNpub(written);
  return bytes?.length === 32 ? Buffer.from(bytes).toString('hex') : undefined;
}
