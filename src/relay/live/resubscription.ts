import { Backoff } from '../../core/basics/backoff.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

/** When a subscription that was closed is asked for again: once at a time, soon after a hitch, seldom after a refusal. */
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

  /** The relay serves it after all. */
  reset(): void {
    this.#hitches.reset();
    this.#refusals.reset();
  }
}
