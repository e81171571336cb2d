import { MINUTE_MS, type Clock } from '../basics/clock.ts';

/** How long a key is traced after the operator last named it. A trace is for looking at now, and not a record. */
export const TRACE_MS = 15 * MINUTE_MS;
/** The most keys that are traced at once. A further one displaces the key that was named longest ago. */
const MAX_KEYS = 16;
/** The most steps that are kept for one key: the last ones. */
const MAX_STEPS = 200;

/** The steps of a key's events and wakes, in their usual order. */
export type TraceStep =
  | 'event seen'
  | 'event seen before'
  | 'event rejected'
  | 'event absorbed'
  | 'event left to its server'
  | 'event claimed'
  | 'wake held'
  | 'wake rationed'
  | 'wake turned away'
  | 'wake queued'
  | 'wake absorbed by one still unsent'
  | 'wake moved to another device'
  | 'wake sent'
  | 'push service answered'
  | 'wake will be tried again'
  | 'wake owed'
  | 'wake dropped';

/** One step, its time (milliseconds since the epoch), and a word on it that names no user. */
export interface TracedStep {
  readonly at: number;
  readonly step: TraceStep;
  readonly detail?: string;
}

interface Trace {
  until: number;
  readonly steps: TracedStep[];
}

/** Trade pubkeys, or a function that returns them. */
export type TracedKeys = Iterable<string> | (() => Iterable<string>);

/**
 * The last steps of the few keys that an operator has named, in memory and for minutes (contract 8). Nothing is traced until a key is
 * named. Steps are never logged, and are shown only with the admin token.
 */
export class Traces {
  readonly #clock: Clock;
  readonly #traces = new Map<string, Trace>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Traces the key from now on, for {@link TRACE_MS}. @returns the end of the trace, in milliseconds, and the steps so far */
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

  /** Cheap while no key is traced, because every matched event comes here. */
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

  /** How many keys are traced, without those whose time is over. */
  get size(): number {
    this.#expire();
    return this.#traces.size;
  }

  #expire(): void {
    const now = this.#clock();
    for (const [key, { until }] of this.#traces) if (until <= now) this.#traces.delete(key);
  }
}
