import { createHash } from 'node:crypto';

import type { NostrEvent } from '../core/nostr-event.ts';
import type { EventVerifier } from '../core/ports.ts';
import type { Curve } from './curve.ts';
import { serialiseEvent } from './serialise-event.ts';
import { wasmCurve } from './wasm-curve.ts';

/** Verifies events: recomputes their ids (NIP-01) and checks their signatures on the given curve. */
export function createEventVerifier(curve: Curve = wasmCurve): EventVerifier {
  return {
    verify(event: NostrEvent): boolean {
      const id = createHash('sha256').update(serialiseEvent(event), 'utf8').digest();
      if (id.toString('hex') !== event.id) return false;
      return curve.verifySchnorr(id, Buffer.from(event.pubkey, 'hex'), Buffer.from(event.sig, 'hex'));
    },
  };
}
