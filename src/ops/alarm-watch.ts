import { ALARMS, type Alarm } from '../core/watch/alarms.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { PastAlarms } from './past-alarms.ts';

/** Every change is in the log within this time, and a search this rare costs almost nothing. */
const ALARM_TICK_MS = 5 * SECOND_MS;

export interface AlarmWatchOptions {
  readonly find: () => readonly Alarm[];
  /** Measures what must be polled, such as the disk, before each search. */
  readonly look: () => Promise<void>;
  readonly telemetry: Telemetry;
  readonly onFault: (fault: unknown) => void;
  /** Remembers the alarms for the dashboard. */
  readonly past: PastAlarms;
}

/** Logs and remembers when an alarm is raised and when it ends. */
export class AlarmWatch {
  readonly #options: AlarmWatchOptions;
  readonly #tickMs: number;
  readonly #standing = new Map<string, Alarm>();
  #timer: NodeJS.Timeout | undefined;

  /** @param overrides.tickMs for tests: how often alarms are looked for, in milliseconds */
  constructor(options: AlarmWatchOptions, { tickMs = ALARM_TICK_MS }: { tickMs?: number | undefined } = {}) {
    this.#options = options;
    this.#tickMs = tickMs;
  }

  /** The alarms of this moment, the worst first. */
  current(): readonly Alarm[] {
    return this.#options.find();
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#tick();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const { look, onFault } = this.#options;
    look().then(() => this.#report(), onFault);
  }

  #report(): void {
    if (this.#timer === undefined) return; // Stopped during the look.
    const { past, telemetry } = this.#options;
    const current = new Map(this.current().map((alarm) => [nameOf(alarm), alarm]));
    for (const [name, alarm] of current) {
      if (this.#standing.has(name)) continue;
      this.#standing.set(name, alarm);
      past.raised(name, alarm);
      const { level, remedy: message, ...fields } = explained(alarm);
      telemetry.log(level === 'error' ? 'alarm.raised' : 'alarm.warning', { ...fields, message });
    }
    for (const [name, { alarm, relay, provider }] of this.#standing) {
      if (current.has(name)) continue;
      this.#standing.delete(name);
      past.cleared(name);
      telemetry.log('alarm.cleared', { alarm, ...(relay && { relay }), ...(provider && { provider }) });
    }
  }
}

/** Identifies an alarm. Its other fields may change while the alarm stands. */
function nameOf({ alarm, provider = '', relay = '' }: Alarm): string {
  return `${alarm} ${provider} ${relay}`;
}

/** An alarm with its level and its remedy, as readiness and dashboard show it. */
export interface ExplainedAlarm extends Alarm {
  readonly level: 'warn' | 'error';
  readonly remedy: string;
}

export function explained(alarm: Alarm): ExplainedAlarm {
  return { ...ALARMS[alarm.alarm], ...alarm };
}
