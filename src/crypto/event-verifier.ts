import { createHash } from 'node:crypto';

import { verifySchnorr } from 'tiny-secp256k1';

import type { NostrEvent } from '../core/nostr-event.ts';
import type { EventVerifier } from '../core/ports.ts';
import { serialiseEvent } from './serialise-event.ts';

/** Verifies events with libsecp256k1, compiled to WebAssembly: no native part that could fail to load. */
export const eventVerifier: EventVerifier = {
  verify(event: NostrEvent): boolean {
    const id = createHash('sha256').update(serialiseEvent(event), 'utf8').digest();
    if (id.toString('hex') !== event.id) return false;
    try {
      return verifySchnorr(id, Buffer.from(event.pubkey, 'hex'), Buffer.from(event.sig, 'hex'));
    } catch {
      return false; // The library throws where a key is no point or a signature is out of range (BIP-340).
    }
  },
};
