/** The order of secp256k1 (SEC 2, 2.4.1), big endian. */
export const ORDER = Buffer.from('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', 'hex');
const ZERO = Buffer.alloc(32);

/** Whether these bytes have the lengths that a verification needs. With other lengths, libraries end the process or throw. */
export function hasVerificationLengths(
  message: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  return message.length === 32 && publicKey.length === 32 && signature.length === 64;
}

/** Whether 32 bytes are below the order of the curve: a larger `s` makes a signature invalid (BIP-340). */
export function isBelowOrder(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, ORDER) < 0;
}

/** Whether these bytes are a private key: 32 bytes, a number above zero and below the order. */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === 32 && isBelowOrder(bytes) && Buffer.compare(bytes, ZERO) !== 0;
}
