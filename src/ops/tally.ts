import type { Counter } from 'prom-client';

/** The count of one series since the last request of the metrics page. */
interface Pending {
  readonly labels: Readonly<Record<string, string>>;
  by: number;
}

/**
 * Adds up counts, and gives them to a counter of the metrics page when the page is requested. The library checks every label of every
 * count, which is too slow for the three counts of a frame.
 */
export class Tally {
  /** Whether the history is told of each count, too. */
  readonly isFollowed: boolean;
  readonly #counter: Counter;
  readonly #first: string | undefined;
  readonly #others: readonly string[];
  #unlabelled = 0;
  /** By the values of the labels, which have few possible values. */
  readonly #pending = new Map<string, Pending>();
  /** What the counter was given so far. */
  #flushed = 0;

  constructor(counter: Counter, labels: readonly string[], isFollowed = false) {
    this.#counter = counter;
    this.isFollowed = isFollowed;
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

  /** The sum of all series since the start. */
  get total(): number {
    let total = this.#flushed + this.#unlabelled;
    for (const { by } of this.#pending.values()) total += by;
    return total;
  }

  /** Gives the counts to the counter. */
  flush(): void {
    this.#flushed = this.total;
    if (this.#unlabelled > 0) this.#counter.inc(this.#unlabelled);
    this.#unlabelled = 0;
    for (const pending of this.#pending.values()) {
      // Also by 0: so a series can begin before there is anything to count.
      this.#counter.inc(pending.labels, pending.by);
      pending.by = 0;
    }
  }
}
