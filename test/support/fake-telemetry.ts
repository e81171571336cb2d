import type { HistogramName } from '../../src/core/telemetry/measures.ts';
import type { TracedKeys, TraceStep } from '../../src/core/telemetry/traces.ts';
import type { CounterName } from '../../src/core/telemetry/counters.ts';
import type { LogEvent, LogFields, Telemetry } from '../../src/core/telemetry/telemetry.ts';

/** Telemetry that remembers what it was told, for a test to ask about. */
export class FakeTelemetry implements Telemetry {
  readonly #totals = new Map<string, number>();
  readonly timings: { histogram: HistogramName; seconds: number }[] = [];
  readonly steps: { key: string; step: TraceStep; detail: string | undefined }[] = [];
  readonly lines: { event: LogEvent; fields: LogFields }[] = [];

  count(counter: CounterName, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const series = [counter, ...Object.values(labels)].join(' ');
    this.#totals.set(series, (this.#totals.get(series) ?? 0) + by);
  }

  log(event: LogEvent, fields: LogFields | (() => LogFields) = {}): void {
    this.lines.push({ event, fields: typeof fields === 'function' ? fields() : fields });
  }

  observe(histogram: HistogramName, seconds: number): void {
    this.timings.push({ histogram, seconds });
  }

  trace(keys: TracedKeys, step: TraceStep, detail?: string): void {
    for (const key of typeof keys === 'function' ? keys() : keys) this.steps.push({ key, step, detail });
  }

  pseudonym(tradePubkey: string): string {
    return `pseudonym of ${tradePubkey.slice(0, 4)}`;
  }

  /** All counters. */
  get totals(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#totals);
  }

  /** The total of a counter, with the values of its labels in their order. */
  total(counter: CounterName, ...labels: string[]): number {
    return this.#totals.get([counter, ...labels].join(' ')) ?? 0;
  }

  logged(event: LogEvent): LogFields[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }
}
