import { createHash, randomBytes } from 'node:crypto';

import { signSchnorr } from 'tiny-secp256k1';

import type { EventSigner } from '../core/nostr/event-signer.ts';
import { serialiseEvent } from './serialise-event.ts';
import type { ServerKey } from './server-key.ts';

/** Signs events (NIP-01, BIP-340) with the server's key. */
export function eventSigner({ privateKey, publicKeyHex }: ServerKey): EventSigner {
  // A compressed point is a sign and the x-only key that Nostr uses.
  const pubkey = publicKeyHex.slice(2);
  return {
    sign(template) {
      const unsigned = { ...template, pubkey };
      const id = createHash('sha256').update(serialiseEvent(unsigned), 'utf8').digest();
      const sig = signSchnorr(id, privateKey.reveal(), randomBytes(32));
      return { ...unsigned, id: id.toString('hex'), sig: Buffer.from(sig).toString('hex') };
    },
  };
}
