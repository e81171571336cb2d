import { hkdf } from '../lib/hkdf.ts';

/**
 * A key for one use, derived from the server's key, so that operators keep one secret only: HKDF-SHA256 (RFC 5869) without salt, info
 * `mostro-push/<use>/v1` (contract 6). From a derived key neither the server's key nor the key of another use can be computed.
 */
export function derivedKey(serverPrivateKey: Uint8Array, use: string, bytes: number): Buffer {
  return hkdf('', serverPrivateKey, `mostro-push/${use}/v1`, bytes);
}
