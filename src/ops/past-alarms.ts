import { HOUR_MS, type Clock } from '../core/basics/clock.ts';
import { ALARMS, type Alarm } from '../core/watch/alarms.ts';

/** How long an alarm is remembered after its end. */
const REMEMBERED_MS = 24 * HOUR_MS;
/** More than these are not remembered: a relay that comes and goes all day would fill the dashboard. */
const MOST = 100;

/** An alarm that stands or stood. Times are in milliseconds since the epoch. */
export interface PastAlarm extends Pick<Alarm, 'alarm' | 'relay' | 'provider'> {
  readonly level: 'warn' | 'error';
  readonly begunAt: number;
  /** Absent while the alarm stands. */
  readonly endedAt?: number;
}

/** The alarms of the last day, for the dashboard. They are in memory only. */
export class PastAlarms {
  readonly #clock: Clock;
  /** By the name that identifies an alarm. */
  readonly #standing = new Map<string, PastAlarm>();
  /** Those that have ended, the one that ended first in front. */
  #ended: PastAlarm[] = [];

  /** @param clock the time of day */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  raised(name: string, { alarm, provider, relay }: Alarm): void {
    this.#standing.set(name, {
      alarm,
      level: ALARMS[alarm].level,
      ...(relay !== undefined && { relay }),
      ...(provider !== undefined && { provider }),
      begunAt: this.#clock(),
    });
  }

  cleared(name: string): void {
    const stood = this.#standing.get(name);
    this.#standing.delete(name);
    if (stood === undefined) return;
    this.#ended.push({ ...stood, endedAt: this.#clock() });
    if (this.#ended.length > MOST) this.#ended.shift();
  }

  /** The alarm that began last comes first. */
  all(): PastAlarm[] {
    const since = this.#clock() - REMEMBERED_MS;
    this.#ended = this.#ended.filter(({ endedAt = Infinity }) => endedAt >= since);
    return [...this.#standing.values(), ...this.#ended].toSorted((a, b) => b.begunAt - a.begunAt);
  }
}
