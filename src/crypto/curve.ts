/**
 * One library for the two operations on secp256k1 that strangers can cause.
 *
 * A library that fails throws. An error says nothing about the signature or the point.
 */
export interface Curve {
  /** The library's name, for the start screen, the log and a metric's label. */
  readonly library: string;

  /** Whether the library is machine code. WebAssembly takes some five times as long. */
  readonly isNative: boolean;

  /**
   * Verifies a BIP-340 signature.
   *
   * @param message 32 bytes
   * @param publicKey 32 bytes, x-only
   * @param signature 64 bytes
   * @returns whether the signature is genuine; false also for bytes of another length and for a key that is no point
   * @throws when the library fails
   */
  verifySchnorr(message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean;

  /**
   * Finds the ECDH point of a private and a public key. The time that it takes says nothing about the private key.
   *
   * @param privateKey 32 bytes
   * @param publicKey 33 bytes, compressed (SEC 1)
   * @returns 33 bytes, compressed, or `undefined` when `publicKey` is no point on the curve or `privateKey` no scalar of it
   * @throws when the library fails
   */
  sharedPoint(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
}

/** A place from which a library can be loaded. */
export interface CurveSource {
  /** Whether loading the library again gives a fresh one, without the faults that the first one has developed. */
  readonly isRenewable: boolean;

  /** @throws if the library is not there or lacks a function */
  load(): Curve;
}

/** No library could answer. Nothing is known about the signature or the point. */
export class CurveFault extends Error {
  override readonly name = 'CurveFault';
}
