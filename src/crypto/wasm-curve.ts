import { createRequire } from 'node:module';

import type * as tinySecp256k1 from 'tiny-secp256k1';

import { hasVerificationLengths, isBelowOrder, isScalar } from './curve-input.ts';
import type { Curve } from './curve.ts';
import { sharedPoint } from './shared-point.ts';

export type TinySecp256k1 = typeof tinySecp256k1;

/**
 * libsecp256k1 compiled to WebAssembly: it works wherever Node works.
 *
 * Every call gives an instance with its own memory. So data from strangers never reaches the instance that signs with the server's key,
 * and a broken instance can be replaced by a new one.
 */
export function wasmCurve(): Curve {
  const tiny = freshInstance();
  return {
    library: 'libsecp256k1 (WebAssembly)',
    isNative: false,
    verifySchnorr(message, publicKey, signature) {
      if (!hasVerificationLengths(message, publicKey, signature)) return false;
      // The library throws for each of these inputs. For a key that is no point it throws through its own WebAssembly frames and
      // leaves them on the shadow stack. After some 3 390 such keys every call fails for good.
      if (!isBelowOrder(signature.subarray(0, 32)) || !isBelowOrder(signature.subarray(32))) return false;
      if (!tiny.isXOnlyPoint(publicKey)) return false;
      return tiny.verifySchnorr(message, publicKey, signature);
    },
    sharedPoint: (privateKey, publicKey) =>
      isScalar(privateKey) ? sharedPoint(tiny, privateKey, publicKey) : undefined,
  };
}

/** Loads the package again. Node would otherwise return the loaded package, with the memory of its WebAssembly. */
function freshInstance(): TinySecp256k1 {
  // This `require` is made for each call, because it retains all modules that it has loaded.
  const require = createRequire(import.meta.url);
  const entry = require.resolve('tiny-secp256k1');
  const folder = entry.slice(0, entry.lastIndexOf('tiny-secp256k1') + 'tiny-secp256k1'.length);
  const unload = (): void => {
    for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file];
  };
  unload();
  const tiny = require(entry) as TinySecp256k1;
  unload();
  return tiny;
}
