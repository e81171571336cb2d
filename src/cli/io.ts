import type { LossyLog } from '../ops/log-losses.ts';

/** What a command is given of the process it runs in. */
export interface Io {
  readonly version: string;
  /** The working directory, where `.env` is looked for. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person reads standard output. */
  readonly isTerminal: boolean;
  /** Standard output and standard error for a log: writing never waits, and what is not taken is lost. */
  readonly output: LossyLog & { write(text: string): void };
  readonly errorOutput: LossyLog;
  /** Prints a command's answer. All of it is written, however long its reader takes. */
  readonly print: (text: string) => void;
  /** Prints to standard error, without waiting. */
  readonly printError: (text: string) => void;
  /** Calls back with Node's own warnings, in place of printing them. */
  readonly onWarning: (callback: (warning: Error) => void) => void;
  /** Ends the process by SIGTERM, without waiting for anything that it has under way. */
  readonly abandon: () => void;
}
