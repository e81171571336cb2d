import type koffi from 'koffi';

import { hasVerificationLengths, isScalar } from './curve-input.ts';
import type { Curve } from './curve.ts';

/** SECP256K1_CONTEXT_NONE of secp256k1.h. */
const CONTEXT_NONE = 1;
/** secp256k1_pubkey and secp256k1_xonly_pubkey: opaque, of one size. */
const PARSED_BYTES = 64;

/**
 * The system's own libsecp256k1, called through a foreign function interface.
 *
 * Its ECDH multiplies in constant time (`secp256k1_ecmult_const`). The library ends the process for an input that its header forbids,
 * so every length is checked here, and only keys that the library has parsed are used.
 *
 * @param file the name by which the system's loader finds the library
 * @throws if there is no such library, or if it lacks one of the functions
 */
export function nativeCurve(ffi: typeof koffi, file: string): Curve {
  const { context, ecdh, hash, parsePoint, parseXOnly, verify } = bind(ffi, file);
  const parsed = Buffer.alloc(PARSED_BYTES);
  const unused = Buffer.alloc(32);
  let point = new Uint8Array(33);
  // Keeps the shared point itself instead of the library's hash of it: the envelope decides what to hash.
  const keepPoint = ffi.register((_: unknown, x32: unknown, y32: unknown): number => {
    point = new Uint8Array(33);
    point.set(ffi.decode(x32, 'uint8_t', 32) as Uint8Array, 1);
    point[0] = 0x02 | ((ffi.decode(y32, 31, 'uint8_t') as number) & 1);
    return 1;
  }, hash);

  return {
    library: file,
    isNative: true,
    verifySchnorr(message, publicKey, signature) {
      if (!hasVerificationLengths(message, publicKey, signature)) return false;
      if (parseXOnly(context, parsed, publicKey) !== 1) return false;
      return verify(context, signature, message, message.length, parsed) === 1;
    },
    sharedPoint(privateKey, publicKey) {
      if (!isScalar(privateKey) || publicKey.length !== 33) return undefined;
      if (parsePoint(context, parsed, publicKey, publicKey.length) !== 1) return undefined;
      if (ecdh(context, unused, parsed, privateKey, keepPoint, null) === 1) return point;
      throw new Error(`${file} finds no product of a point`);
    },
  };
}

/** The functions of secp256k1.h, secp256k1_schnorrsig.h and secp256k1_ecdh.h, unchanged since 0.2. */
function bind(ffi: typeof koffi, file: string) {
  const library = ffi.load(file);
  const hash = ffi.pointer(
    ffi.proto('int (uint8_t *output, const uint8_t *x32, const uint8_t *y32, void *data)'),
  );
  const any = 'const void *';
  return {
    hash,
    context: library.func('void *secp256k1_context_create(unsigned int)')(CONTEXT_NONE) as unknown,
    parseXOnly: library.func('secp256k1_xonly_pubkey_parse', 'int', [any, any, any]),
    parsePoint: library.func('secp256k1_ec_pubkey_parse', 'int', [any, any, any, 'size_t']),
    verify: library.func('secp256k1_schnorrsig_verify', 'int', [any, any, any, 'size_t', any]),
    ecdh: library.func('secp256k1_ecdh', 'int', [any, any, any, any, hash, any]),
  };
}
