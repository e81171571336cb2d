import type { ReasonPrefix } from '../wire/relay-message.ts';

export interface ClosedReaction {
  /** The relay will not serve this kind to us: reported, shown in the status, and asked for again only now and then. */
  readonly refuses: boolean;
  /** What a page of stored events does: ask again, ask for fewer events, or give the gap up. */
  readonly page: 'again' | 'narrower' | 'never';
}

const PASSES: ClosedReaction = { refuses: false, page: 'again' };
const DISLIKES: ClosedReaction = { refuses: false, page: 'narrower' };
const REFUSES: ClosedReaction = { refuses: true, page: 'never' };

/** What follows from the prefix of a CLOSED (NIP-01, NIP-42). */
export const CLOSED_REACTIONS: Readonly<Record<ReasonPrefix, ClosedReaction>> = {
  // An id is never used twice: the relay is confused, and a new one helps.
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
  // Unless it can be satisfied, which is tried first.
  'auth-required': { refuses: true, page: 'again' },
};
