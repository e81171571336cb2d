import type { CounterLabels } from '../core/telemetry/counters.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';

/** An output of the log that loses lines instead of waiting: `BoundedOutput`, `LogFile`. */
export interface LossyLog {
  /** Why the last line was lost. Absent if the line was written. */
  problem(): string | undefined;
  /** Tests whether the output accepts lines again. */
  retry(): void;
  /** Calls back for each line that is lost from now on. */
  onLost(callback: () => void): void;
}

export type LogOutputName = CounterLabels<'log_lines_lost'>['output'];

/** Counts the lines that an output of the log has lost, and logs their number when the output accepts lines again. */
export class LogLosses {
  readonly #log: LossyLog;
  readonly #telemetry: Telemetry;
  readonly #output: LogOutputName;
  #lost = 0;

  constructor(output: LogOutputName, log: LossyLog, telemetry: Telemetry) {
    this.#output = output;
    this.#log = log;
    this.#telemetry = telemetry;
    log.onLost(() => {
      this.#lost++;
      telemetry.count('log_lines_lost', { output });
    });
  }

  /** Call it every few seconds. */
  look(): void {
    this.#log.retry();
    if (this.#lost === 0 || this.#log.problem() !== undefined) return;
    const count = this.#lost;
    this.#lost = 0;
    this.#telemetry.log('log.lines_lost', { reason: this.#output, count });
  }
}
