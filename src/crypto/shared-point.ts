import { randomBytes } from 'node:crypto';

import type * as tinySecp256k1 from 'tiny-secp256k1';

type Operations = Pick<
  typeof tinySecp256k1,
  'isPointCompressed' | 'isPrivate' | 'pointAdd' | 'pointMultiply' | 'privateSub'
>;

/** How many random shares are tried before the library counts as broken. A share fails only if the library fails. */
const MOST_SHARES = 8;

/**
 * Finds the ECDH point of a private and a public key.
 *
 * The time of the library's multiplication depends on the scalar. Here the scalar is the server's key, and strangers choose the
 * point. So every call splits the scalar again, k = r + (k − r) with a random r: each half is uniformly random by itself, so its time
 * says nothing about k.
 *
 * @param privateKey 32 bytes, a scalar of the curve
 * @param publicKey 33 bytes, compressed (SEC 1)
 * @returns 33 bytes, compressed, or `undefined` when `publicKey` is no point on the curve
 * @throws when the library fails
 */
export function sharedPoint(
  { isPointCompressed, isPrivate, pointAdd, pointMultiply, privateSub }: Operations,
  privateKey: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array | undefined {
  if (publicKey.length !== 33 || !isPointCompressed(publicKey)) return undefined;
  for (let shares = 0; shares < MOST_SHARES; shares++) {
    const share = randomBytes(32);
    if (!isPrivate(share)) continue;
    const rest = privateSub(privateKey, share);
    // `null` only if the share is the key itself. That is as likely as guessing the key.
    if (rest === null) continue;
    const a = pointMultiply(publicKey, share, true);
    const b = pointMultiply(publicKey, rest, true);
    const point = a && b && pointAdd(a, b, true);
    if (point) return point;
  }
  throw new Error('WebAssembly finds no product of a point');
}
