import type { OwedDevices } from '../waking/owed-devices.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { WakeEnd, WakeRequest } from './wake.ts';

export interface TurnAwayParts {
  /** Remembers over a restart which devices are owed a wake. */
  readonly owed?: OwedDevices | undefined;
  readonly telemetry: Telemetry;
}

/**
 * There is no lane for the wake, or no room for a further host: where there is a record, the wake is owed and paid after the next start.
 *
 * @returns how the wake ends
 */
export function turnAway(wake: WakeRequest, { owed, telemetry }: TurnAwayParts): WakeEnd {
  const provider = wake.target.type;
  telemetry.count('wakes_turned_away', { provider });
  telemetry.trace(wake.keys, 'wake without a lane', provider);
  owed?.owe(wake);
  return owed === undefined ? 'dropped' : 'owed';
}
