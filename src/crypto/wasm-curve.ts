import { verifySchnorr } from 'tiny-secp256k1';

import type { Curve } from './curve.ts';
import { sharedPoint } from './shared-point.ts';

/** libsecp256k1 compiled to WebAssembly: it works wherever Node does. */
export const wasmCurve: Curve = {
  library: 'libsecp256k1 (WebAssembly)',
  verifySchnorr(message, publicKey, signature) {
    try {
      return verifySchnorr(message, publicKey, signature);
    } catch {
      return false; // The library throws where a key is no point or a signature is out of range (BIP-340).
    }
  },
  sharedPoint,
};
