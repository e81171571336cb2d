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

/** What became of the events of an hour, step by step. */
export interface HistoryHour {
  /** Events from relays, copies included. */
  readonly received: number;
  /** For registered keys. Each is then one of the next four, or is left to another server of the fleet. */
  readonly matched: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly absorbed: number;
  /** Genuine, new, and a reason to wake. */
  readonly verified: number;
  /** Wakes that left for their lane, by wake policy. */
  readonly woken: Readonly<Record<string, number>>;
  /** Wakes that a push service took, by push service. */
  readonly delivered: Readonly<Record<string, number>>;
  /** Attempts that did not deliver, by push service. */
  readonly failed: Readonly<Record<string, number>>;
}

/** The counters that the history follows, and the names of their counts here. */
const FOLLOWED = {
  events_matched: 'matched',
  events_duplicate: 'duplicate',
  events_rejected: 'rejected',
  events_absorbed: 'absorbed',
  events_claimed: 'verified',
  wakes_released: 'woken',
  pushes: 'pushes',
} as const satisfies Partial<Record<CounterName, string>>;

/** Whether the history counts this counter. The others, most of them counted for every frame, must not cost time. */
export function isFollowed(counter: CounterName): counter is keyof typeof FOLLOWED {
  return Object.hasOwn(FOLLOWED, counter);
}

interface Minute {
  readonly number: number;
  /** By the name of the count; wakes and attempts with the value of their label behind it. */
  readonly counts: Map<string, number>;
  /** Delivered wakes by waiting time: one number for each bound, and one for times above the last bound. */
  readonly waits: number[];
  longest: number;
}

/** The last hour, minute by minute, for operators without Prometheus. */
export class History {
  readonly #clock: Clock;
  readonly #minutes: Minute[] = [];
  #lastEventAt = 0;
  /** The events received since the start, when they were last noted. */
  #received = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the last event for a registered key came, in milliseconds; 0 before the first. */
  get lastEventAt(): number {
    return this.#lastEventAt;
  }

  count(counter: CounterName, labels: Readonly<Record<string, string>>, by: number): void {
    if (!isFollowed(counter)) return;
    if (counter === 'events_matched') this.#lastEventAt = this.#clock();
    if (counter === 'wakes_released') this.#add(`woken ${labels['policy']}`, by);
    else if (counter === 'pushes')
      this.#add(`${labels['outcome'] === 'delivered' ? 'delivered' : 'failed'} ${labels['provider']}`, by);
    else this.#add(FOLLOWED[counter], by);
  }

  /** Notes how many events have been received since the start. Call it every few seconds: counting each event here would cost time. */
  noteReceived(total: number): void {
    this.#add('received', total - this.#received);
    this.#received = total;
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
      const counts = {
        events: minute.counts.get('matched') ?? 0,
        delivered: totalOf(countsBy(minute, 'delivered')),
        failed: totalOf(countsBy(minute, 'failed')),
      };
      return { at, ...counts, ...percentiles([minute]) };
    });
  }

  /** The sums of the last hour. */
  hour(): HistoryHour {
    const minutes = this.#lastHour();
    const sum = (name: string): number =>
      minutes.reduce((total, { counts }) => total + (counts.get(name) ?? 0), 0);
    const sums = (name: string): Record<string, number> => {
      const labels = new Set(minutes.flatMap((minute) => Object.keys(countsBy(minute, name))));
      return Object.fromEntries([...labels].map((label) => [label, sum(`${name} ${label}`)]));
    };
    return {
      received: sum('received'),
      matched: sum('matched'),
      duplicate: sum('duplicate'),
      rejected: sum('rejected'),
      absorbed: sum('absorbed'),
      verified: sum('verified'),
      woken: sums('woken'),
      delivered: sums('delivered'),
      failed: sums('failed'),
    };
  }

  /** The percentiles of the whole hour, in seconds. */
  percentiles(): Pick<HistoryMinute, 'p50' | 'p95' | 'p99'> {
    return percentiles(this.#lastHour());
  }

  #lastHour(): Minute[] {
    const oldest = this.#number() - MINUTES;
    return this.#minutes.filter(({ number }) => number > oldest);
  }

  #add(name: string, by: number): void {
    const { counts } = this.#now();
    counts.set(name, (counts.get(name) ?? 0) + by);
  }

  #now(): Minute {
    const number = this.#number();
    const last = this.#minutes.at(-1);
    if (last !== undefined && last.number === number) return last;
    const minute = { number, counts: new Map<string, number>(), waits: [], longest: 0 };
    this.#minutes.push(minute);
    if (this.#minutes.length > MINUTES) this.#minutes.shift();
    return minute;
  }

  #number(): number {
    return Math.floor(this.#clock() / MINUTE_MS);
  }
}

/** The counts of a minute with this name, by the value of their label. */
function countsBy({ counts }: Minute, name: string): Record<string, number> {
  const found = [...counts].filter(([key]) => key.startsWith(`${name} `));
  return Object.fromEntries(found.map(([key, count]) => [key.slice(name.length + 1), count]));
}

function totalOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
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
