import type { CounterLabels, CounterName } from './counters.ts';
import type { LogEvent, LogFields } from './log-events.ts';
import type { HistogramName } from './measures.ts';
import type { TracedKeys, TraceStep } from './traces.ts';

export { LOG_EVENTS, type LogEvent, type LogFields, type LogLevel } from './log-events.ts';

/**
 * Everything that the program counts and logs, declared once. No key, token, endpoint, address or event id can get in: labels have few
 * values, and log fields are those of {@link LogFields} (contract 8).
 */

/** How the program counts and speaks. */
export interface Telemetry {
  count<Name extends CounterName>(counter: Name, labels?: CounterLabels<Name>, by?: number): void;
  /** @param fields a function if computing them costs time: it is called only if the line is written */
  log(event: LogEvent, fields?: LogFields | (() => LogFields)): void;
  /** Adds a duration to a histogram. */
  observe(histogram: HistogramName, seconds: number, labels?: Readonly<Record<string, string>>): void;
  /**
   * Notes a step for those of these trade pubkeys that an operator traces.
   *
   * @param tradePubkeys a function if computing them costs time: it is called only while a key is traced
   */
  trace(tradePubkeys: TracedKeys, step: TraceStep, detail?: string): void;
  /** The salted hash that stands for a trade pubkey in a log line. */
  pseudonym(tradePubkey: string): string;
}
