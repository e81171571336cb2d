import { ALARMS, type Alarm } from '../core/watch/alarms.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';

/** Often enough that every change is in the log within seconds, seldom enough to cost nothing. */
const ALARM_TICK_MS = 5 * SECOND_MS;

export interface AlarmWatchOptions {
  readonly find: () => readonly Alarm[];
  /** Looks at what does not tell of itself, such as the disk. */
  readonly look: () => Promise<void>;
  readonly telemetry: Telemetry;
  /** How often the log is told, in milliseconds; other than {@link ALARM_TICK_MS} only in tests. */
  readonly tickMs?: number | undefined;
  readonly onFault: (fault: unknown) => void;
}

/** Says in the log when an alarm is raised, and when it is over; whoever asks is told what stands at this moment. */
export class AlarmWatch {
  readonly #options: AlarmWatchOptions;
  readonly #standing = new Map<string, Alarm>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AlarmWatchOptions) {
    this.#options = options;
  }

  /** What is wrong at this moment, the worst first. */
  current(): readonly Alarm[] {
    return this.#options.find();
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#options.tickMs ?? ALARM_TICK_MS);
    this.#tick();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const { look, onFault } = this.#options;
    look().then(() => this.#tell(), onFault);
  }

  #tell(): void {
    if (this.#timer === undefined) return; // Stopped while it looked.
    const { telemetry } = this.#options;
    const current = new Map(this.current().map((alarm) => [nameOf(alarm), alarm]));
    for (const [name, alarm] of current) {
      if (this.#standing.has(name)) continue;
      this.#standing.set(name, alarm);
      const { level, remedy } = ALARMS[alarm.alarm];
      telemetry.log(level === 'error' ? 'alarm.raised' : 'alarm.warning', { ...alarm, message: remedy });
    }
    for (const [name, { alarm, relay, provider }] of this.#standing) {
      if (current.has(name)) continue;
      this.#standing.delete(name);
      telemetry.log('alarm.cleared', { alarm, ...(relay && { relay }), ...(provider && { provider }) });
    }
  }
}

/** What makes an alarm another one: not how bad it is. */
function nameOf({ alarm, provider = '', relay = '' }: Alarm): string {
  return `${alarm} ${provider} ${relay}`;
}
