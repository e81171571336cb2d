import type { ReasonPrefix } from '../wire/relay-message.ts';

export interface ClosedReaction {
  /** Whether the relay refuses to serve us this kind. This is logged and shown in the status, and the kind is asked for again only now and then. */
  readonly refuses: boolean;
  /** What a recovery does if the CLOSED was for a page of stored events: ask again, ask for fewer events, or give up the gap. */
  readonly page: 'again' | 'narrower' | 'never';
}

const PASSES: ClosedReaction = { refuses: false, page: 'again' };
const DISLIKES: ClosedReaction = { refuses: false, page: 'narrower' };
const REFUSES: ClosedReaction = { refuses: true, page: 'never' };

/** How this server reacts to the prefix of a CLOSED (NIP-01, NIP-42). */
export const CLOSED_REACTIONS: Readonly<Record<ReasonPrefix, ClosedReaction>> = {
  // This server never uses an id twice. The relay has mixed something up, and a new id helps.
  duplicate: PASSES,
  'rate-limited': PASSES,
  error: DISLIKES,
  other: DISLIKES,
  invalid: { refuses: true, page: 'narrower' },
  unsupported: { refuses: true, page: 'narrower' },
  pow: REFUSES,
  blocked: REFUSES,
  mute: REFUSES,
  restricted: REFUSES,
  // Authentication is tried first. This applies if it fails.
  'auth-required': { refuses: true, page: 'again' },
};
