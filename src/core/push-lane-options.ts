import type { LaneHealthOptions } from './lane-health.ts';
import type { Redirect } from './moved-keys.ts';
import type { OwedDevices, PushProvider } from './ports.ts';
import type { Schedule } from './schedule.ts';
import type { Telemetry } from './telemetry.ts';
import type { WakeConsequences } from './wake-consequences.ts';

export interface PushLaneOptions extends LaneHealthOptions {
  readonly provider: PushProvider;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** Wakes that may wait for their turn or for a retry; beyond it a device is owed its wake. */
  readonly capacity: number;
  /** `WAKE_DEADLINE_SECONDS`: after this, in milliseconds, a wake is given up and owed. */
  readonly deadlineMs: number;
  readonly consequences: WakeConsequences;
  readonly redirect: Redirect;
  /** Remembers over a restart which devices are owed a wake. */
  readonly owed?: OwedDevices | undefined;
  readonly schedule: Schedule;
  readonly telemetry: Telemetry;
  /** Told of a fault that nothing here can mend; the program then stops. */
  readonly onFault: (fault: unknown) => void;
}
