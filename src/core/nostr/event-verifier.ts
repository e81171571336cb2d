import type { NostrEvent } from './nostr-event.ts';

/**
 * - `genuine`: the event has its id and its author's signature;
 * - `forged`: it has not;
 * - `undecided`: the library failed, so that nothing is known. It is nobody's fault outside, and the event may be tried again.
 */
export type Authenticity = 'genuine' | 'forged' | 'undecided';

/** Recomputes an event's id (NIP-01) and checks its signature (BIP-340). Never throws. */
export interface EventVerifier {
  verify(event: NostrEvent): Authenticity;
}
