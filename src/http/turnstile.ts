import { SECOND_MS } from '../core/basics/clock.ts';
import { Fifo } from '../core/basics/fifo.ts';
import { ApiError } from './api-error.ts';

/** A burst of as many phones as there may be connections, some five seconds' work. */
const MAX_WAITING = 10_000;

/**
 * Lets registrations through a few at a time: between them the event loop gets to the relays, whose events wake people
 * (a burst of registrations otherwise holds it for as long as all of them take).
 */
export class Turnstile {
  readonly #waiting = new Fifo<() => void>();
  readonly #perTurn: () => number;
  #isTurning = false;

  /** @param perTurn how many are let through in the turn of the event loop that comes */
  constructor(perTurn: () => number) {
    this.#perTurn = perTurn;
  }

  /**
   * Resolves when it is the caller's turn. What it does then, it does at once.
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
