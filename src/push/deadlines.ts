import { Countdown } from '../core/basics/countdown.ts';
import { Patience } from './patience.ts';

/**
 * Gives every attempt the same time. One timer for all attempts, and one listener for each signal, which thousands of them
 * share: a timer and a listener of its own for each took a tenth of all that a push costs.
 */
export class Deadlines {
  readonly #underWay: Countdown<Patience>;
  readonly #heard = new WeakSet<AbortSignal>();
  readonly #forget = (patience: Patience): void => this.#underWay.forget(patience);

  /** @param ms how long every attempt may take, in milliseconds */
  constructor(ms: number) {
    this.#underWay = new Countdown({
      ms,
      schedule,
      monotonic: () => performance.now(),
      onOver: (patience) => patience.end(),
    });
  }

  /** An attempt begins; whoever begins it disposes of its patience. */
  begin(signal?: AbortSignal): Patience {
    const patience = new Patience(signal, this.#forget);
    if (signal?.aborted === true) patience.end();
    else {
      this.#underWay.begin(patience);
      this.#hear(signal);
    }
    return patience;
  }

  #hear(signal: AbortSignal | undefined): void {
    if (signal === undefined || this.#heard.has(signal)) return;
    this.#heard.add(signal);
    signal.addEventListener('abort', () => this.#onAbort(signal), { once: true });
  }

  #onAbort(signal: AbortSignal): void {
    for (const patience of this.#underWay.items()) {
      if (patience.signal !== signal) continue;
      this.#underWay.forget(patience);
      patience.end();
    }
  }
}

/** Not what keeps a process running: an attempt has a socket for that. */
function schedule(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.ceil(ms)).unref();
  return () => clearTimeout(timer);
}
