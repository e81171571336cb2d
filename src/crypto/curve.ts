/** What is done on secp256k1 at strangers' request, and so by the thousand. Who does it is chosen at the start. */
export interface Curve {
  /** For the start screen: the library that does it. */
  readonly library: string;

  /**
   * Verifies a BIP-340 signature.
   *
   * @param message 32 bytes
   * @param publicKey 32 bytes, x-only
   * @param signature 64 bytes
   * @returns whether it is genuine; bytes of another length, or a key that is no point, are not
   */
  verifySchnorr(message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean;

  /**
   * The ECDH point of a private and a public key. The time that it takes says nothing about the private key.
   *
   * @param publicKey 33 bytes, compressed (SEC 1)
   * @returns 33 bytes, compressed, or `undefined` when `publicKey` is no point on the curve
   */
  sharedPoint(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
}
