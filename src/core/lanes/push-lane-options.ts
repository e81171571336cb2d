import type { Clock } from '../basics/clock.ts';
import type { LaneHostOptions } from './lane.ts';
import type { LaneTurnsOptions } from './lane-turns.ts';
import type { PushProvider } from './push-provider.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { Schedule } from '../basics/schedule.ts';

export interface PushLaneOptions extends Omit<LaneHostOptions, 'provider'> {
  readonly provider: PushProvider;
  /** Which host serves the device: a name that all devices of one host share. */
  readonly hostOf: (target: PushTarget) => string;
  /** Attempts under way at once, at each host. */
  readonly concurrency: number;
  /** Wakes that may wait for their turn or for a retry at each host; beyond it a device is owed its wake. */
  readonly capacity: number;
  /** Attempts under way at once at all hosts that deliver; beyond it each of them has one. */
  readonly crowd?: number;
  /** What hosts of each standing have together; without a limit where there is none. */
  readonly shares?: LaneTurnsOptions['shares'];
  /** Hosts that are kept at once. */
  readonly mostHosts?: number;
  /** `WAKE_DEADLINE_SECONDS`: after this, in milliseconds, a wake is given up and owed. */
  readonly deadlineMs: number;
  /** The time of day, milliseconds since the epoch: what a push says of when it was sent. All waits go by `clock`. */
  readonly timeOfDay: Clock;
  readonly schedule: Schedule;
  /** Told of a fault that nothing here can mend; the program then stops. */
  readonly onFault: (fault: unknown) => void;
}
