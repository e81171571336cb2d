import type { Clock } from '../../core/basics/clock.ts';

/** How often the event loop is looked at. */
const LOOK_MS = 200;

export interface StandstillWatchOptions {
  /** The least standstill that is reported, in milliseconds. */
  readonly standstillMs: number;
  readonly monotonic: Clock;
  readonly onStandstill: () => void;
}

/**
 * Notices when the event loop stood still: the process was stopped, its container was at its quota, or work took too long. Meanwhile
 * nothing was read, so relays may have dropped events.
 *
 * @returns a function that ends the watch
 */
export function watchStandstills({
  monotonic,
  onStandstill,
  standstillMs,
}: StandstillWatchOptions): () => void {
  let lookedAt = monotonic();
  const timer = setInterval(() => {
    const lateMs = monotonic() - lookedAt - LOOK_MS;
    lookedAt = monotonic();
    if (lateMs > standstillMs) onStandstill();
  }, LOOK_MS);
  return () => clearInterval(timer);
}
