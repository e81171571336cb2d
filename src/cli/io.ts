import type { LossyLog } from '../ops/log-losses.ts';

export interface Identity {
  /** The number of the user; 0 is root. */
  readonly user: number;
  /** Makes the process another user's, for good. @throws the system's error, if it is not root's */
  become(user: number, group: number): void;
}

/** The parts of its process that a command may use. */
export interface Io {
  readonly version: string;
  readonly pid: number;
  /** The user of this process. Absent where the system has no users (Windows). */
  readonly identity?: Identity | undefined;
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
