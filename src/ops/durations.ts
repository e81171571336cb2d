import type { Metric, Registry } from 'prom-client';

/** As the library's registry asks it of its own histograms. */
interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What was timed of one combination of labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** By bucket, the last one for all beyond the bounds. */
  readonly counts: Float64Array;
  sum: number;
}

export interface DurationsOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Upper bounds of the buckets, in seconds, ascending. */
  readonly buckets: readonly number[];
}

/**
 * A histogram of the metrics page. The library's own looks at every label of every observation, with objects for each: four
 * for every wake took 5 µs.
 */
export class Durations {
  readonly #options: DurationsOptions;
  /** By the values of the labels, which come from small closed sets. */
  readonly #series = new Map<string, Series>();

  constructor(options: DurationsOptions) {
    this.#options = options;
    if (options.labelNames.length === 0) this.#of({});
  }

  observe(labels: Readonly<Record<string, string>>, seconds: number): void {
    const { buckets } = this.#options;
    const series = this.#of(labels);
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] as number)) bucket++;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += seconds;
  }

  /** Puts it on the page of a registry. */
  register(registry: Registry): void {
    const { help, name } = this.#options;
    const metric = {
      name,
      help,
      type: 'histogram',
      get: async () => ({ ...metric, values: this.#values() }),
    };
    // The registry only asks for these four, as it does of what it aggregates itself.
    registry.registerMetric(metric as unknown as Metric);
  }

  #of(labels: Readonly<Record<string, string>>): Series {
    const { buckets, labelNames } = this.#options;
    const [first = '', ...others] = labelNames;
    let name = labels[first] ?? '';
    for (const label of others) name += ` ${labels[label]}`;
    const known = this.#series.get(name);
    if (known !== undefined) return known;
    const series = { labels, counts: new Float64Array(buckets.length + 1), sum: 0 };
    this.#series.set(name, series);
    return series;
  }

  #values(): Value[] {
    const { buckets, name } = this.#options;
    return [...this.#series.values()].flatMap(({ counts, labels, sum }) => {
      let count = 0;
      const below = [...buckets, '+Inf'].map((le, bucket): Value => {
        count += counts[bucket] as number;
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
      });
      return below.concat(
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      );
    });
  }
}
