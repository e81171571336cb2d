import { hkdf } from '../lib/hkdf.ts';

/**
 * A key for one use, derived from the server's, so that there is one secret to keep: HKDF-SHA256 (RFC 5869) without salt,
 * info `mostro-push/<use>/v1` (contract 6). It does not lead back to the server's key, nor to that of another use.
 */
export function derivedKey(serverPrivateKey: Uint8Array, use: string, bytes: number): Buffer {
  return hkdf('', serverPrivateKey, `mostro-push/${use}/v1`, bytes);
}
