/**
 * The ids of events that were verified and dealt with. Only verified ids are ever reserved, so no relay can
 * suppress an event by sending a forged copy first.
 */
export interface SeenEvents {
  /** Synchronous and cheap, for the path of a frame: whether the id is reserved or committed, as far as is known here. */
  knows(id: string): boolean;
  /** `new`: the caller now holds it and must `commit` or `release`; `pending`: somebody else does; `seen`: it is done. */
  reserve(id: string): Promise<'new' | 'pending' | 'seen'>;
  /** The event was dealt with; no copy of it wakes anyone again. */
  commit(id: string): Promise<void>;
  /** The event could not be dealt with; a further copy may try again. */
  release(id: string): Promise<void>;
}
