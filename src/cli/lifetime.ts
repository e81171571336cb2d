/**
 * The requests to a long-running command: to stop, to reload, or to give up after a fault. `program.ts` makes a lifetime before it loads
 * other code. So a signal that comes during the start is remembered until the command can act on it.
 */
export class Lifetime {
  /** Resolves at the first request to stop. Rejects at the first fault that no code of the program caught. */
  readonly ended: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (fault: unknown) => void = () => undefined;
  #isStopping = false;
  #hasFaulted = false;
  #reload: (() => void) | undefined;
  #mustReload = false;

  constructor() {
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The command awaits this promise later; a fault before then must not count as an unhandled rejection.
    this.ended.catch(() => undefined);
  }

  /** Whether a fault was reported, before or after the request to stop. Then the exit code must not be 0. */
  get hasFaulted(): boolean {
    return this.#hasFaulted;
  }

  /** Asks for an orderly stop. @returns false at the second request, at which the caller ends the process at once (contract 5) */
  stop(): boolean {
    if (this.#isStopping) return false;
    this.#isStopping = true;
    this.#resolve();
    return true;
  }

  /** Reports a fault that no code caught. */
  fail(fault: unknown): void {
    this.#hasFaulted = true;
    this.#reject(fault);
  }

  /** Asks for a reload (SIGHUP). Requests before {@link onReload} are kept as one. */
  reload(): void {
    if (this.#reload === undefined) this.#mustReload = true;
    else this.#reload();
  }

  /** Takes the function that reloads, and calls it at once if a reload was asked for before. */
  onReload(reload: () => void): void {
    this.#reload = reload;
    if (this.#mustReload) reload();
    this.#mustReload = false;
  }
}
