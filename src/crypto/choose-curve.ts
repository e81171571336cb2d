import { randomBytes } from 'node:crypto';

import { pointFromScalar, signSchnorr } from 'tiny-secp256k1';

import type { Curve } from './curve.ts';
import { nativeCurve } from './native-curve.ts';
import { generatePrivateKey } from './server-key.ts';
import { wasmCurve } from './wasm-curve.ts';

/** By the interface that each stands for, newest first: 0.7, 0.3 to 0.6, and 0.2 of Debian 12. */
const INTERFACES = [6, 2, 1];
const FILES = INTERFACES.flatMap((number) => [`libsecp256k1.so.${number}`, `libsecp256k1.${number}.dylib`]);

/**
 * The system's libsecp256k1 where it is there and gives the same answers as the one that comes with this program; else that
 * one, which takes some five times as long to verify.
 *
 * @param files where the system's may be
 */
export async function chooseCurve(files: readonly string[] = FILES): Promise<Curve> {
  // An optional dependency: it may have no build for this platform.
  const koffi = await import('koffi').catch(() => undefined);
  if (koffi === undefined) return wasmCurve;
  for (const file of files) {
    try {
      const native = nativeCurve(koffi.default, file);
      if (agrees(native)) return native;
    } catch {
      // Not there, or without what is asked of it: the next one.
    }
  }
  return wasmCurve;
}

/** Whether a library verifies what is genuine, refuses what is not, and finds the points that the other finds. */
function agrees(curve: Curve): boolean {
  const [privateKey, otherKey] = [generatePrivateKey(), generatePrivateKey()].map((hex) =>
    Buffer.from(hex, 'hex'),
  );
  if (privateKey === undefined || otherKey === undefined) return false;
  const publicKey = pointFromScalar(privateKey, true);
  if (publicKey === null) return false;
  const message = randomBytes(32);
  const signature = signSchnorr(message, privateKey, randomBytes(32));
  const forged = Uint8Array.from(signature, (byte, at) => (at === 63 ? byte ^ 1 : byte));
  const point = curve.sharedPoint(otherKey, publicKey);
  const expected = wasmCurve.sharedPoint(otherKey, publicKey);
  return (
    curve.verifySchnorr(message, publicKey.subarray(1), signature) &&
    !curve.verifySchnorr(message, publicKey.subarray(1), forged) &&
    point !== undefined &&
    expected !== undefined &&
    Buffer.compare(point, expected) === 0
  );
}
