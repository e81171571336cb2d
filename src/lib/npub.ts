import { bech32 } from '@scure/base';

const PREFIX = 'npub';

/** Writes an x-only public key as an npub (NIP-19). @param publicKey 32 bytes */
export function encodeNpub(publicKey: Uint8Array): string {
  return bech32.encode(PREFIX, bech32.toWords(publicKey));
}

/** Reads an npub (NIP-19), in lower or upper case. @returns its bytes, which can be any number of bytes; `undefined` for any other text */
export function decodeNpub(text: string): Uint8Array | undefined {
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    return prefix === PREFIX ? bytes : undefined;
  } catch {
    return undefined; // The checksum or a character is wrong.
  }
}
