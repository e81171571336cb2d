import { P256_ORDER } from '../core/basics/p256-order.ts';

/**
 * Reads a private key of P-256: 64 hex characters, or 43 of base64url, as tools for Web Push print it.
 *
 * @returns 64 hex characters, or `undefined` where the text is no scalar of the curve
 */
export function parseVapidPrivateKey(written: string): string | undefined {
  const hex = /^[\w-]{43}=?$/.test(written) ? Buffer.from(written, 'base64url').toString('hex') : written;
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined;
  const scalar = BigInt(`0x${hex}`);
  return scalar > 0n && scalar < P256_ORDER ? hex.toLowerCase() : undefined;
}
