/** How long one attempt is waited for: until its time is over or its signal aborts, whichever comes first. @see Deadlines */
export class Patience implements Disposable {
  readonly signal: AbortSignal | undefined;
  readonly #onDone: (patience: Patience) => void;
  #isOver = false;
  #onOver: (() => void) | undefined;

  /** @param onDone told when nobody is interested in it any more */
  constructor(signal: AbortSignal | undefined, onDone: (patience: Patience) => void) {
    this.signal = signal;
    this.#onDone = onDone;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Names the one who is told when it is over, in place of whoever was named before; at once, if it is over. */
  whenOver(onOver: () => void): void {
    this.#onOver = onOver;
    if (this.#isOver) onOver();
  }

  /** It is over. */
  end(): void {
    this.#isOver = true;
    this.#onOver?.();
  }

  [Symbol.dispose](): void {
    this.#onOver = undefined;
    this.#onDone(this);
  }
}
