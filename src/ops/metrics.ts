import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import { COUNTERS, type CounterName } from '../core/telemetry/counters.ts';
import { combinations } from '../core/telemetry/label-values.ts';
import { GAUGES, HISTOGRAMS, type GaugeName, type HistogramName } from '../core/telemetry/measures.ts';

import { Durations } from './durations.ts';
import { History, isFollowed } from './history.ts';
import { Tally } from './tally.ts';

/** The beginning of every metric's name (contract 8). */
const PREFIX = 'mostro_push_';
/** Gauges of the library whose names end in `_total`, which is for counters only. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** One value of a gauge, with its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A function for each gauge that gives its values at this moment. */
export type GaugeSources = Readonly<Record<GaugeName, () => readonly Sample[]>>;

/** The counters, histograms and gauges that `core/` declares, as a page in Prometheus's text format. */
export class Metrics {
  /** The last hour, for the dashboard. */
  readonly history = new History(Date.now);
  readonly #registry = new Registry();
  readonly #tallies: ReadonlyMap<CounterName, Tally>;
  readonly #durations: ReadonlyMap<HistogramName, Durations>;

  constructor() {
    this.#tallies = new Map(
      entriesOf(COUNTERS).map(([name, { help, labels }]) => {
        const names = Object.keys(labels);
        const counter = new Counter({ ...this.#common(`${name}_total`, help, names) });
        for (const series of combinations(labels)) counter.inc(series, 0);
        return [name, new Tally(counter, names, isFollowed(name))];
      }),
    );
    this.#durations = new Map(
      entriesOf(HISTOGRAMS).map(([name, { buckets, help, labels }]) => {
        const series = combinations(labels);
        const durations = new Durations({
          name: `${PREFIX}${name}`,
          help,
          labelNames: Object.keys(labels),
          series,
          buckets,
        });
        durations.register(this.#registry);
        return [name, durations];
      }),
    );
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(`${PREFIX}${name}`);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  count(name: CounterName, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const tally = this.#tallies.get(name);
    tally?.add(labels, by);
    if (tally?.isFollowed === true) this.history.count(name, labels, by);
  }

  observe(name: HistogramName, seconds: number, labels: Readonly<Record<string, string>> = {}): void {
    this.#durations.get(name)?.observe(labels, seconds);
    if (name === 'event_to_push_seconds') this.history.observe(seconds);
  }

  /** Tells the history of the events that were received. Call it every few seconds, and before the history is shown. */
  lookAtEvents(): void {
    this.history.noteReceived(this.#tallies.get('events_received')?.total ?? 0);
  }

  /** The metrics page. */
  text(): Promise<string> {
    for (const tally of this.#tallies.values()) tally.flush();
    return this.#registry.metrics();
  }

  /** Declares the gauges. Called once, when their sources exist. */
  gauge(sources: GaugeSources): void {
    for (const [name, { help, labels }] of entriesOf(GAUGES)) {
      const gauge: Gauge = new Gauge({
        ...this.#common(name, help, labels),
        collect: () => {
          // A series that no longer exists must not keep its last value.
          if (labels.length > 0) gauge.reset();
          for (const { labels: of = {}, value } of sources[name]()) gauge.set(of, value);
        },
      });
    }
  }

  #common(
    name: string,
    help: string,
    labels: readonly string[],
  ): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
    return { name: `${PREFIX}${name}`, help, labelNames: [...labels], registers: [this.#registry] };
  }
}

function entriesOf<Name extends string, Value>(table: Readonly<Record<Name, Value>>): [Name, Value][] {
  return Object.entries(table) as [Name, Value][];
}
