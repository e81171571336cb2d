/**
 * Keeps on disk, for each relay and kind, until when all events had come and been handled. A restart asks from there. Times are
 * milliseconds. Absent where nothing is kept on disk.
 */
export interface ProofsOfLife {
  /** @returns `undefined` if this kind was never subscribed to at this relay */
  of(relay: string, kind: number): number | undefined;
  /** The latest time that is known of any relay. */
  latest(): number | undefined;
  note(relay: string, kind: number, at: number): void;
}
