import type { Counter } from 'prom-client';

/** What has been counted of one series since the page was last asked for. */
interface Pending {
  readonly labels: Readonly<Record<string, string>>;
  by: number;
}

/**
 * Counts for a counter of the metrics page, which gets it when the page is asked for: the library looks at every label of
 * every count, and there are three counts to a frame.
 */
export class Tally {
  readonly #counter: Counter;
  readonly #first: string | undefined;
  readonly #others: readonly string[];
  #unlabelled = 0;
  /** By the values of the labels; the labels come from small closed sets. */
  readonly #pending = new Map<string, Pending>();

  constructor(counter: Counter, labels: readonly string[]) {
    this.#counter = counter;
    [this.#first, ...this.#others] = labels;
  }

  add(labels: Readonly<Record<string, string>>, by: number): void {
    if (this.#first === undefined) return void (this.#unlabelled += by);
    const series = this.#series(labels);
    const pending = this.#pending.get(series);
    if (pending === undefined) this.#pending.set(series, { labels, by });
    else pending.by += by;
  }

  #series(labels: Readonly<Record<string, string>>): string {
    let series = labels[this.#first ?? ''] ?? '';
    for (const label of this.#others) series += ` ${labels[label]}`;
    return series;
  }

  settle(): void {
    if (this.#unlabelled > 0) this.#counter.inc(this.#unlabelled);
    this.#unlabelled = 0;
    for (const pending of this.#pending.values()) {
      if (pending.by > 0) this.#counter.inc(pending.labels, pending.by);
      pending.by = 0;
    }
  }
}
