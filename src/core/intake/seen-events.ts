/**
 * Remembers the ids of events that have been verified and handled. An id is reserved only after the verification, so a relay cannot
 * suppress an event by sending a forged copy first.
 */
export interface SeenEvents {
  /** Whether the id is reserved or committed, as far as this process knows. Synchronous and cheap: it is asked for every frame. */
  knows(id: string): boolean;
  /** `new`: the caller has reserved the id and must `commit` or `release` it. `pending`: another caller has reserved it. `seen`: the event was handled. */
  reserve(id: string): Promise<'new' | 'pending' | 'seen'>;
  /** The event was handled. No copy of it wakes a device again. */
  commit(id: string): Promise<void>;
  /** The event could not be handled. A further copy may try again. */
  release(id: string): Promise<void>;
}
