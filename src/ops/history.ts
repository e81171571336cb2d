import { MINUTE_MS, type Clock } from '../core/basics/clock.ts';
import { HISTOGRAMS } from '../core/telemetry/measures.ts';
import type { CounterName } from '../core/telemetry/counters.ts';

/** The minutes that the dashboard shows. */
const MINUTES = 60;
const BOUNDS = HISTOGRAMS.event_to_push_seconds.buckets;

/** The counts of one minute, and how long wakes took in seconds (absent if none was delivered). */
export interface HistoryMinute {
  /** The beginning of the minute, in Unix seconds. */
  readonly at: number;
  readonly events: number;
  readonly delivered: number;
  readonly failed: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

interface Minute {
  readonly number: number;
  events: number;
  delivered: number;
  failed: number;
  /** Delivered wakes by waiting time: one number for each bound, and one for times above the last bound. */
  readonly waits: number[];
  longest: number;
}

/** The last hour, minute by minute, for operators without Prometheus. */
export class History {
  readonly #clock: Clock;
  readonly #minutes: Minute[] = [];
  #lastEventAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the last event for a registered key came, in milliseconds; 0 before the first. */
  get lastEventAt(): number {
    return this.#lastEventAt;
  }

  count(counter: CounterName, labels: Readonly<Record<string, string>>, by: number): void {
    if (counter === 'events_matched') this.#noteEvents(by);
    else if (counter === 'pushes' && labels['outcome'] === 'delivered') this.#now().delivered += by;
    else if (counter === 'pushes') this.#now().failed += by;
  }

  /** @param seconds from an event's arrival to the answer of the push service */
  observe(seconds: number): void {
    const minute = this.#now();
    const index = BOUNDS.findIndex((bound) => seconds <= bound);
    const bucket = index === -1 ? BOUNDS.length : index;
    minute.waits[bucket] = (minute.waits[bucket] ?? 0) + 1;
    minute.longest = Math.max(minute.longest, seconds);
  }

  /** The last hour, the oldest minute first. Includes the minute under way and minutes without events. */
  minutes(): HistoryMinute[] {
    const current = this.#number();
    const known = new Map(this.#minutes.map((minute) => [minute.number, minute]));
    return Array.from({ length: MINUTES }, (_, n) => {
      const number = current - MINUTES + 1 + n;
      const at = (number * MINUTE_MS) / 1000;
      const minute = known.get(number);
      if (minute === undefined) return { at, events: 0, delivered: 0, failed: 0 };
      const { delivered, events, failed } = minute;
      return { at, events, delivered, failed, ...percentiles([minute]) };
    });
  }

  /** The percentiles of the whole hour, in seconds. */
  percentiles(): Pick<HistoryMinute, 'p50' | 'p95' | 'p99'> {
    const oldest = this.#number() - MINUTES;
    return percentiles(this.#minutes.filter(({ number }) => number > oldest));
  }

  #noteEvents(count: number): void {
    this.#now().events += count;
    this.#lastEventAt = this.#clock();
  }

  #now(): Minute {
    const number = this.#number();
    const last = this.#minutes.at(-1);
    if (last !== undefined && last.number === number) return last;
    const minute = { number, events: 0, delivered: 0, failed: 0, waits: [], longest: 0 };
    this.#minutes.push(minute);
    if (this.#minutes.length > MINUTES) this.#minutes.shift();
    return minute;
  }

  #number(): number {
    return Math.floor(this.#clock() / MINUTE_MS);
  }
}

function percentiles(minutes: readonly Minute[]): Pick<HistoryMinute, 'p50' | 'p95' | 'p99'> {
  const waits = [...BOUNDS, Infinity].map((_, bucket) =>
    minutes.reduce((sum, minute) => sum + (minute.waits[bucket] ?? 0), 0),
  );
  const total = waits.reduce((sum, count) => sum + count, 0);
  if (total === 0) return {};
  const longest = Math.max(...minutes.map((minute) => minute.longest));
  const at = (share: number): number => {
    let below = 0;
    for (const [bucket, count] of waits.entries()) {
      below += count;
      // The upper bound of the bucket, but not more than the longest time seen.
      if (below >= total * share) return Math.min(BOUNDS[bucket] ?? longest, longest);
    }
    return longest;
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
