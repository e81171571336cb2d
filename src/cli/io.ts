import type { LossyLog } from '../ops/log-losses.ts';

/** The parts of its process that a command may use. */
export interface Io {
  readonly version: string;
  /** The working directory, where `.env` is looked for. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person reads standard output. */
  readonly isTerminal: boolean;
  /** Standard output and standard error for the log. Writing never waits: a line that is not read in time is lost, and counted. */
  readonly output: LossyLog & { write(text: string): void };
  readonly errorOutput: LossyLog;
  /** Prints the answer of a command as a whole, however slowly it is read. */
  readonly print: (text: string) => void;
  /** Prints to standard error, without waiting. */
  readonly printError: (text: string) => void;
  /** Calls back with Node's own warnings, in place of printing them. */
  readonly onWarning: (callback: (warning: Error) => void) => void;
  /** Ends the process by SIGTERM, without waiting for any work. */
  readonly abandon: () => void;
}
