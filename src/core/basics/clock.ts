/**
 * A clock, as a port, in milliseconds. A clock of the time of day counts from the epoch. A monotonic clock counts from any moment and runs
 * evenly, also when the machine's clock is set: every wait is measured with it.
 */
export type Clock = () => number;

/**
 * A timer, as a port: calls back once, when `ms` milliseconds have passed by the monotonic clock, and never earlier. What it returns cancels
 * the call.
 */
export type Schedule = (ms: number, callback: () => void) => () => void;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Whole unix seconds, as Nostr and the push payloads count them. */
export function unixSeconds(clock: Clock): number {
  return Math.floor(clock() / SECOND_MS);
}
