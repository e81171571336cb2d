import type { NostrEvent } from '../core/nostr-event.ts';
import type { EventVerifier } from '../core/ports.ts';
import type { Curve } from './curve.ts';
import { hasItsId } from './has-its-id.ts';
import { wasmCurve } from './wasm-curve.ts';

/** Verifies events: recomputes their ids (NIP-01) and checks their signatures on the given curve. */
export function createEventVerifier(curve: Curve = wasmCurve): EventVerifier {
  return {
    verify(event: NostrEvent): boolean {
      const { id, pubkey, sig } = event;
      return hasItsId(event) && curve.verifySchnorr(bytesOf(id), bytesOf(pubkey), bytesOf(sig));
    },
  };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
