/**
 * Why a matched event wakes nobody. `not_new`: stored before the registration, as far as anyone can tell, or for one that has
 * just expired. `other_author`: a signed message that no instance of `MOSTRO_PUBKEYS` wrote. `unverified`: the keys that it names
 * were charged with too many forgeries from this relay within a minute. `undecided`: the library that verifies
 * has failed, and a further copy is looked at again.
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
  | 'unverified'
  | 'not_new';
