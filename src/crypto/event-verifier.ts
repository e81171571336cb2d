import type { NostrEvent } from '../core/nostr/nostr-event.ts';
import type { Authenticity, EventVerifier } from '../core/nostr/event-verifier.ts';
import { CurveFault, type Curve } from './curve.ts';
import { hasItsId } from './has-its-id.ts';

/** Verifies events: recomputes their ids (NIP-01) and checks their signatures on the given curve. */
export function createEventVerifier(curve: Curve): EventVerifier {
  return {
    verify(event: NostrEvent): Authenticity {
      if (!hasItsId(event)) return 'forged';
      const { id, pubkey, sig } = event;
      try {
        return curve.verifySchnorr(bytesOf(id), bytesOf(pubkey), bytesOf(sig)) ? 'genuine' : 'forged';
      } catch (error) {
        if (error instanceof CurveFault) return 'undecided';
        throw error;
      }
    },
  };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
