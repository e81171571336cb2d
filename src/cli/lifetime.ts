/**
 * What the outside asks of a long-running command: to stop, to reload, or to give up after a fault. `main.ts` makes one before it loads
 * anything else, so a signal that comes during the start is remembered until the command can act on it.
 */
export class Lifetime {
  /** Resolves at the first request to stop; rejects at the first fault that nothing in the program caught. */
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

  /** A fault was reported at any time, also after the request to stop: the exit code must not be 0. */
  get hasFaulted(): boolean {
    return this.#hasFaulted;
  }

  /** Asks for an orderly stop. @returns false if a stop was asked for before: the caller ends the process at once (contract 5) */
  stop(): boolean {
    if (this.#isStopping) return false;
    this.#isStopping = true;
    this.#resolve();
    return true;
  }

  /** Reports a fault that nothing caught. */
  fail(fault: unknown): void {
    this.#hasFaulted = true;
    this.#reject(fault);
  }

  /** Asks for a reload (SIGHUP). Before {@link onReload} the request is kept, however many times it was made. */
  reload(): void {
    if (this.#reload === undefined) this.#mustReload = true;
    else this.#reload();
  }

  /** Says how to reload. Requests that came before count as one, which is met at once. */
  onReload(reload: () => void): void {
    this.#reload = reload;
    if (this.#mustReload) reload();
    this.#mustReload = false;
  }
}
