import { MINUTE_MS } from '../../core/basics/clock.ts';

/** What one recovery may cost. Hitting one of these is an alarm, which says what was not recovered. */
export interface RecoveryBounds {
  readonly pages: number;
  readonly events: number;
  /** Connections that ended in the middle of a page. */
  readonly losses: number;
  /** Milliseconds spent asking, waits for the relay's patience included. */
  readonly timeMs: number;
}

/** The two days of gift wraps of a relay with three a second: some 1.5 GB, and a quarter of an hour at 2 MB a second. */
export const RECOVERY_BOUNDS: RecoveryBounds = {
  pages: 5000,
  events: 500_000,
  losses: 200,
  timeMs: 15 * MINUTE_MS,
};
