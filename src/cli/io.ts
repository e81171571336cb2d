/** What a command is given of the process it runs in. */
export interface Io {
  readonly version: string;
  /** The working directory, where `.env` is looked for. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person reads standard output. */
  readonly isTerminal: boolean;
  /** Calls back whenever the log file is to be opened anew (SIGHUP). */
  readonly onReopen: (callback: () => void) => void;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}
