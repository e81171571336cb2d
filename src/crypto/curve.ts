/**
 * The two operations on secp256k1 that strangers can ask for, as one library does them.
 *
 * A library that fails throws. An error is never an answer: about the signature or the point nothing is known then.
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
   * @returns whether it is genuine; bytes of another length, or a key that is no point, are not
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

/** A place where a library can be had. */
export interface CurveSource {
  /** Whether a second load gives a library without the faults that the first one has come to. */
  readonly isRenewable: boolean;

  /** @throws when the library is not there, or lacks what is asked of it */
  load(): Curve;
}

/** No library could answer. Nothing is known about what it was asked. */
export class CurveFault extends Error {
  override readonly name = 'CurveFault';
}
