import { SECOND_MS } from '../core/basics/clock.ts';
import { Fifo } from '../core/basics/fifo.ts';
import { ApiError } from './api-error.ts';

/** As many as there may be connections: about five seconds of work. */
const MAX_WAITING = 10_000;

/**
 * Admits registrations a few at a time, so that the event loop can read from the relays in between. Without it a burst of registrations
 * would delay all events until the whole burst is done.
 */
export class Turnstile {
  readonly #waiting = new Fifo<() => void>();
  readonly #perTurn: () => number;
  #isTurning = false;

  /** @param perTurn how many registrations the next turn of the event loop admits */
  constructor(perTurn: () => number) {
    this.#perTurn = perTurn;
  }

  /**
   * Resolves when it is the caller's turn.
   *
   * @throws ApiError 429 while too many wait
   */
  enter(): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(ApiError.rateLimited(SECOND_MS));
    if (!this.#isTurning) {
      this.#isTurning = true;
      setImmediate(this.#turn);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  readonly #turn = (): void => {
    for (let n = this.#perTurn(); n > 0; n--) this.#waiting.shift()?.();
    this.#isTurning = this.#waiting.size > 0;
    if (this.#isTurning) setImmediate(this.#turn);
  };
}
