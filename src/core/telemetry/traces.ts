import { MINUTE_MS, type Clock } from '../basics/clock.ts';

/** How long a key is followed after it was last named: an operator's look, not a record. */
export const TRACE_MS = 15 * MINUTE_MS;
/** Keys that may be followed at once; the one named longest ago makes room. */
const MAX_KEYS = 16;
/** Steps kept for one key; the oldest make room. */
const MAX_STEPS = 200;

/** What can happen on the way of one key's events and wakes, in the order in which it usually does. */
export type TraceStep =
  | 'registered'
  | 'unregistered'
  | 'event seen'
  | 'event seen before'
  | 'event rejected'
  | 'event answered by a wake that is coming'
  | 'event claimed'
  | 'wake held back'
  | 'wake waits for room in its hour'
  | 'wake without a lane'
  | 'wake queued'
  | 'wake joined one still unsent'
  | 'wake moved to another device'
  | 'wake sent'
  | 'push service answered'
  | 'wake will be tried again'
  | 'wake owed'
  | 'registration forgotten'
  | 'wake dropped';

/** One step, when it happened (milliseconds since the epoch), and a word on it that names nobody. */
export interface TracedStep {
  readonly at: number;
  readonly step: TraceStep;
  readonly detail?: string;
}

interface Trace {
  until: number;
  readonly steps: TracedStep[];
}

/** Trade pubkeys, or what gives them. */
export type TracedKeys = Iterable<string> | (() => Iterable<string>);

/**
 * The last steps of the few keys that an operator has named, in memory and for minutes (contract 8): off until one is named.
 * Not for the log, nor for any listener without the admin token.
 */
export class Traces {
  readonly #clock: Clock;
  readonly #traces = new Map<string, Trace>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Follows the key from now on, for {@link TRACE_MS}. @returns until when, in milliseconds, and what has been seen of it */
  follow(key: string): { readonly until: number; readonly steps: readonly TracedStep[] } {
    this.#expire();
    const known = this.#traces.get(key);
    const trace = known ?? { until: 0, steps: [] };
    trace.until = this.#clock() + TRACE_MS;
    this.#traces.delete(key);
    this.#traces.set(key, trace);
    const [oldest] = this.#traces.keys();
    if (this.#traces.size > MAX_KEYS && oldest !== undefined) this.#traces.delete(oldest);
    return { until: trace.until, steps: [...trace.steps] };
  }

  /** Cheap where nobody is followed: this lies on the path of every matched event. */
  note(keys: TracedKeys, step: TraceStep, detail?: string): void {
    if (this.#traces.size === 0) return;
    const at = this.#clock();
    for (const key of typeof keys === 'function' ? keys() : keys) {
      const trace = this.#traces.get(key);
      if (trace === undefined) continue;
      if (trace.until <= at) this.#traces.delete(key);
      else {
        trace.steps.push({ at, step, ...(detail !== undefined && { detail }) });
        if (trace.steps.length > MAX_STEPS) trace.steps.shift();
      }
    }
  }

  /** Forgets what nobody looks at any more. @returns how many keys are followed */
  get size(): number {
    this.#expire();
    return this.#traces.size;
  }

  #expire(): void {
    const now = this.#clock();
    for (const [key, { until }] of this.#traces) if (until <= now) this.#traces.delete(key);
  }
}
