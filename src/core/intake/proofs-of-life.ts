/**
 * The proofs of life on disk: for each relay and kind, the time up to which all events have come and been handled. After a restart, the
 * gap begins at that time. Times are milliseconds. Without files (`STORE=memory`, no UnifiedPush) the program has no such record.
 */
export interface ProofsOfLife {
  /** @returns `undefined` if this kind was never subscribed to at this relay */
  of(relay: string, kind: number): number | undefined;
  /** The latest time that is known of any relay. */
  latest(): number | undefined;
  note(relay: string, kind: number, at: number): void;
}
