import type { Metric, Registry } from 'prom-client';

/** A value in the form that the library's registry expects of a histogram. */
interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The durations of one combination of labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Observations by bucket. The last bucket is for durations above all bounds. */
  readonly counts: Float64Array;
  sum: number;
}

export interface DurationsOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** The combinations of labels that are on the page before their first observation. */
  readonly series: readonly Readonly<Record<string, string>>[];
  /** Upper bounds of the buckets, in seconds, ascending. */
  readonly buckets: readonly number[];
}

/**
 * A histogram of the metrics page. The library's own histogram checks every label of every observation and creates objects for it: the
 * four observations of a wake took 5 µs.
 */
export class Durations {
  readonly #options: DurationsOptions;
  /** By the values of the labels, which have few possible values. */
  readonly #series = new Map<string, Series>();

  constructor(options: DurationsOptions) {
    this.#options = options;
    for (const labels of options.series) this.#of(labels);
  }

  observe(labels: Readonly<Record<string, string>>, seconds: number): void {
    const { buckets } = this.#options;
    const series = this.#of(labels);
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] as number)) bucket++;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += seconds;
  }

  /** Adds the histogram to the page of a registry. */
  register(registry: Registry): void {
    const { help, name } = this.#options;
    const metric = {
      name,
      help,
      type: 'histogram',
      get: async () => ({ ...metric, values: this.#values() }),
    };
    // The registry uses only these four members of a metric.
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
