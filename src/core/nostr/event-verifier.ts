import type { NostrEvent } from './nostr-event.ts';

/**
 * - `genuine`: the id and the author's signature are right.
 * - `forged`: one of them is wrong.
 * - `undecided`: the library failed, so it is unknown. The event may be tried again.
 */
export type Authenticity = 'genuine' | 'forged' | 'undecided';

/** Computes an event's id (NIP-01) and checks its signature (BIP-340). Never throws. */
export interface EventVerifier {
  verify(event: NostrEvent): Authenticity;
}
