/**
 * A clock, as a port, in milliseconds. The time of day counts from the epoch. A monotonic clock counts from any moment, and goes on evenly
 * when the machine's clock is set: all waits go by it.
 */
export type Clock = () => number;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Whole unix seconds, as Nostr and the push payloads count them. */
export function unixSeconds(clock: Clock): number {
  return Math.floor(clock() / SECOND_MS);
}
