/** Remembers, over a restart, until when each relay's events of a kind had come without a gap. Times are milliseconds. */
export interface ProofsOfLife {
  /** @returns `undefined` where nobody has listened to this kind of this relay */
  of(relay: string, kind: number): number | undefined;
  /** When any relay was last listened to. */
  latest(): number | undefined;
  note(relay: string, kind: number, at: number): void;
}
