import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Wake, WakeEnd } from './wake.ts';

/**
 * There is no lane for the wake, or no room for a further host: where there is a record, the wake is owed and paid after the next start.
 *
 * @returns how the wake ends
 */
export function turnAway(wake: Wake, telemetry: Telemetry): WakeEnd {
  const provider = wake.target.type;
  telemetry.count('wakes_turned_away', { provider });
  telemetry.trace(wake.tracedKeys, 'wake without a lane', provider);
  return wake.onOwed() ? 'owed' : 'dropped';
}
