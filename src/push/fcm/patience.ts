/**
 * When an attempt is given up: when its time is over or its signal aborts, whichever comes first. One listener and one timer
 * for an attempt: a signal of its own, and Node's listening to it for every stream, took a tenth of all that a push costs.
 */
export class Patience implements Disposable {
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #end = (): void => {
    this.#isOver = true;
    this.#onOver?.();
  };
  #isOver = false;
  #onOver: (() => void) | undefined;

  /** @param ms how long it lasts, in milliseconds */
  constructor(ms: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#timer = setTimeout(this.#end, ms);
    signal.addEventListener('abort', this.#end, { once: true });
    if (signal.aborted) this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Names the one who is told when it is over, in place of whoever was named before; at once, if it is over. */
  whenOver(onOver: () => void): void {
    this.#onOver = onOver;
    if (this.#isOver) onOver();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#end);
    this.#onOver = undefined;
  }
}
