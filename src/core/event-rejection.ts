/**
 * Why a matched event wakes nobody. `not_new`: stored before the registration, as far as anyone can tell, or for one that has
 * just expired. `other_author`: a signed message that no instance of `MOSTRO_PUBKEYS` wrote. `undecided`: the library that verifies
 * has failed; the relay is not to blame, and a further copy is looked at again.
 */
export type EventRejection =
  | 'crowded'
  | 'malformed'
  | 'mismatched'
  | 'too_old'
  | 'expired'
  | 'other_author'
  | 'forged'
  | 'undecided'
  | 'not_new';

/** The relay vouched for what is not so, and it cost us a parse or a verification. */
export const FALSE_WORD: ReadonlySet<EventRejection> = new Set(['malformed', 'mismatched', 'forged']);
