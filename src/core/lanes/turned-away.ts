import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Wake, WakeEnd } from './wake.ts';

/** Reports a wake that no lane takes. @returns how the wake ends: `owed` if a record keeps it until the next start */
export function turnAway(wake: Wake, telemetry: Telemetry): WakeEnd {
  const provider = wake.target.type;
  telemetry.count('wakes_turned_away', { provider });
  telemetry.trace(wake.tracedKeys, 'wake turned away', provider);
  return wake.onOwed() ? 'owed' : 'dropped';
}
