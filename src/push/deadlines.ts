import { Patience } from './patience.ts';

/**
 * Gives every attempt the same time. One timer for all attempts, and one listener for each signal, which thousands of them
 * share: a timer and a listener of its own for each took a tenth of all that a push costs.
 */
export class Deadlines {
  readonly #ms: number;
  /** In the order in which they began, which is that of their ends. */
  readonly #underWay = new Set<Patience>();
  readonly #heard = new WeakSet<AbortSignal>();
  readonly #forget = (patience: Patience): void => void this.#underWay.delete(patience);
  #timer: NodeJS.Timeout | undefined;

  /** @param ms how long every attempt may take, in milliseconds */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** An attempt begins; whoever begins it disposes of its patience. */
  begin(signal?: AbortSignal): Patience {
    const patience = new Patience(performance.now() + this.#ms, signal, this.#forget);
    if (signal?.aborted === true) patience.end();
    else this.#wait(patience);
    return patience;
  }

  #wait(patience: Patience): void {
    const { signal } = patience;
    this.#underWay.add(patience);
    if (this.#timer === undefined) this.#lookIn(this.#ms);
    if (signal === undefined || this.#heard.has(signal)) return;
    this.#heard.add(signal);
    signal.addEventListener('abort', () => this.#onAbort(signal), { once: true });
  }

  #onAbort(signal: AbortSignal): void {
    for (const patience of this.#underWay) if (patience.signal === signal) this.#end(patience);
  }

  #end(patience: Patience): void {
    this.#underWay.delete(patience);
    patience.end();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const patience of this.#underWay) {
      if (patience.until > now) return this.#lookIn(Math.ceil(patience.until - now));
      this.#end(patience);
    }
  }

  /** Not what keeps a process running: an attempt has a socket for that. */
  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }
}
