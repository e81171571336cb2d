import { Backoff } from '../../core/basics/backoff.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

/** Decides when a closed subscription is asked for again: soon after a hitch, and seldom after a refusal. One question waits at a time. */
export class Resubscription {
  readonly #hitches: Backoff;
  readonly #refusals: Backoff;
  #timer: NodeJS.Timeout | undefined;

  constructor({ resubscribe, refused }: Pick<RelayTiming, 'resubscribe' | 'refused'>) {
    this.#hitches = new Backoff(resubscribe);
    this.#refusals = new Backoff(refused);
  }

  after(cause: 'hitch' | 'refusal', ask: () => void): void {
    this.in((cause === 'hitch' ? this.#hitches : this.#refusals).next(), ask);
  }

  /** @param waitMs milliseconds */
  in(waitMs: number, ask: () => void): void {
    this.stop();
    this.#timer = setTimeout(ask, waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The relay serves the subscription: the waits start small again. */
  reset(): void {
    this.#hitches.reset();
    this.#refusals.reset();
  }
}
