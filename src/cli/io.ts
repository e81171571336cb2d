import type { LossyLog } from '../ops/log-losses.ts';

/** What a command is given of the process it runs in. */
export interface Io {
  readonly version: string;
  /** The working directory, where `.env` is looked for. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person reads standard output. */
  readonly isTerminal: boolean;
  /** Standard output and standard error for the log. Writing never waits: a line that nobody reads in time is lost, and counted. */
  readonly output: LossyLog & { write(text: string): void };
  readonly errorOutput: LossyLog;
  /** Prints the answer of a command, and waits for a slow reader: the whole answer is written. */
  readonly print: (text: string) => void;
  /** Prints to standard error, without waiting. */
  readonly printError: (text: string) => void;
  /** Calls back with Node's own warnings, in place of printing them. */
  readonly onWarning: (callback: (warning: Error) => void) => void;
  /** Ends the process by SIGTERM, without waiting for anything that it has under way. */
  readonly abandon: () => void;
}
