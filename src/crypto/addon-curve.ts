import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

import { hasVerificationLengths, isBelowOrder, isScalar, ORDER as ORDER_BYTES } from './curve-input.ts';
import type { Curve } from './curve.ts';

/** The functions of the addon in the package `secp256k1` that are used here. They answer with a code: 0 is success. */
interface Addon {
  publicKeyVerify(publicKey: Uint8Array): number;
  publicKeyCreate(output: Uint8Array, privateKey: Uint8Array): number;
  publicKeyTweakMul(output: Uint8Array, publicKey: Uint8Array, scalar: Uint8Array): number;
  publicKeyCombine(output: Uint8Array, publicKeys: readonly Uint8Array[]): number;
  /** @param recoveryId bit 0: whether y is odd; bit 1: whether x is the signature's r plus the order */
  ecdsaRecover(output: Uint8Array, signature: Uint8Array, recoveryId: number, message: Uint8Array): number;
  ecdh(
    output: Uint8Array,
    publicKey: Uint8Array,
    privateKey: Uint8Array,
    data: undefined,
    hashPoint: (x: Uint8Array, y: Uint8Array) => Uint8Array,
  ): number;
}

const SUCCESS = 0;
/** The codes of `ecdh` and `ecdsaRecover` for an input that is no point or gives no point. */
const NO_POINT = { ecdh: 1, recovery: 2 };
const ORDER = toNumber(ORDER_BYTES);
/** The first byte of a compressed point whose y is even (SEC 1). */
const EVEN = 0x02;
const CHALLENGE_TAG = hash('sha256', 'BIP0340/challenge', 'buffer');

/**
 * The prebuilt library inside the package `secp256k1`. The package's own index is not used, because it falls back to slow JavaScript
 * silently.
 *
 * The library has no BIP-340. It has the recovery of a public key from an ECDSA signature, which computes
 * Q = r⁻¹(s′R′ − zG) for a point R′ of x-coordinate r (SEC 1, 4.1.6). With R′ = P, the key of even y, with s′ = −e·r and
 * z = −s·r, modulo the order, Q is s·G − e·P, which BIP-340 calls R. None of these values is secret. `ecdh` multiplies in constant
 * time.
 *
 * @throws if the package is not installed or has no build for this machine
 */
export function addonCurve(): Curve {
  return curveOf(loadAddon());
}

function loadAddon(): Addon {
  const manifest = createRequire(import.meta.url).resolve('secp256k1/package.json');
  const load = createRequire(manifest)('node-gyp-build') as (directory: string) => {
    readonly Secp256k1: new () => Addon;
  };
  const { Secp256k1 } = load(dirname(manifest));
  return new Secp256k1();
}

function curveOf(addon: Addon): Curve {
  return {
    library: 'libsecp256k1 (addon)',
    isNative: true,
    verifySchnorr(message, publicKey, signature) {
      if (!hasVerificationLengths(message, publicKey, signature)) return false;
      const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
      if (!isBelowOrder(s)) return false;
      const key = Buffer.concat([Uint8Array.of(EVEN), publicKey]);
      // Checked first, so that nothing is computed with a key that is no point.
      if (addon.publicKeyVerify(key) !== SUCCESS) return false;
      const challenge = Buffer.concat([CHALLENGE_TAG, CHALLENGE_TAG, r, publicKey, message]);
      const point = nonceOf(addon, key, toNumber(s), toNumber(hash('sha256', challenge, 'buffer')));
      return point !== undefined && point[0] === EVEN && Buffer.compare(point.subarray(1), r) === 0;
    },
    sharedPoint(privateKey, publicKey) {
      if (!isScalar(privateKey) || publicKey.length !== 33) return undefined;
      const point = new Uint8Array(33);
      const code = addon.ecdh(point, publicKey, privateKey, undefined, compress);
      if (code === NO_POINT.ecdh) return undefined;
      if (code !== SUCCESS) throw new Error(`the addon's ecdh answers ${code}`);
      return point;
    },
  };
}

/** The point s·G − e·P, compressed; `undefined` for the point at infinity. @param key a point of even y, compressed */
function nonceOf(addon: Addon, key: Buffer, s: bigint, e: bigint): Uint8Array | undefined {
  const x = toNumber(key.subarray(1));
  const r = x % ORDER;
  const scaled = negated(e * r);
  // Zero for one single key (r = 0), and for a challenge of 0, for which no message is known.
  if (scaled === 0n) return sumFor(addon, key, s, e);
  const point = new Uint8Array(33);
  const signature = Buffer.concat([toBytes(r), toBytes(scaled)]);
  const code = addon.ecdsaRecover(point, signature, x < ORDER ? 0 : 2, toBytes(negated(s * r)));
  if (code === NO_POINT.recovery) return undefined;
  if (code !== SUCCESS) throw new Error(`the addon's ecdsaRecover answers ${code}`);
  return point;
}

/** The same point by two multiplications and a sum, for the inputs that a recovery cannot express. */
function sumFor(addon: Addon, key: Buffer, s: bigint, e: bigint): Uint8Array | undefined {
  const terms: Uint8Array[] = [];
  const add = (compute: (output: Uint8Array) => number): void => {
    const term = new Uint8Array(33);
    const code = compute(term);
    if (code !== SUCCESS) throw new Error(`the addon's multiplication answers ${code}`);
    terms.push(term);
  };
  const factor = negated(e);
  if (s !== 0n) add((output) => addon.publicKeyCreate(output, toBytes(s)));
  if (factor !== 0n) add((output) => addon.publicKeyTweakMul(output, key, toBytes(factor)));
  const point = new Uint8Array(33);
  // The sum of no points, or of two opposite points, is the point at infinity.
  return terms.length > 0 && addon.publicKeyCombine(point, terms) === SUCCESS ? point : undefined;
}

/** Returns the shared point itself instead of the library's hash of it: the envelope decides what to hash. */
function compress(x: Uint8Array, y: Uint8Array): Uint8Array {
  const point = new Uint8Array(33);
  point[0] = EVEN | ((y[31] as number) & 1);
  point.set(x, 1);
  return point;
}

/** −a, modulo the order. */
function negated(a: bigint): bigint {
  return (ORDER - (a % ORDER)) % ORDER;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}

function toBytes(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}
