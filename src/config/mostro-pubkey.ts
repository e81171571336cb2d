import * as nip19 from 'nostr-tools/nip19';

/**
 * Reads the public key of a Mostro instance: 64 hex characters of any case, or an npub (NIP-19).
 *
 * @returns lower-case hex, or `undefined` for anything else, an nsec included
 */
export function parseMostroPubkey(written: string): string | undefined {
  const key = /^npub1/i.test(written) ? decodeNpub(written) : written;
  return key !== undefined && /^[0-9a-fA-F]{64}$/.test(key) ? key.toLowerCase() : undefined;
}

/** Says nothing about the length of the key: neither does the library. */
function decodeNpub(npub: string): string | undefined {
  try {
    const { type, data } = nip19.decode(npub);
    return type === 'npub' ? data : undefined;
  } catch {
    return undefined; // The checksum is wrong, or a character is.
  }
}
