import { Backoff } from '../core/backoff.ts';
import { HOUR_MS } from '../core/clock.ts';
import type { RelayTiming } from './relay-timing.ts';

/** After so long without a dropped event a flood is over. */
const QUIET_MS = 3 * HOUR_MS;

/**
 * Live events of one subscription that were dropped unverified. The relay is asked for what it stored since the first of them,
 * when their key can be verified again. While a flood goes on it is asked ever more seldom.
 */
export class UnverifiedEvents {
  readonly #backoff: Backoff;
  readonly #onAffordable: (since: number) => void;
  #since: number | undefined;
  #lastSince = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param onAffordable given when the first event was dropped, in milliseconds */
  constructor({ unverified }: Pick<RelayTiming, 'unverified'>, onAffordable: (since: number) => void) {
    this.#backoff = new Backoff(unverified);
    this.#onAffordable = onAffordable;
  }

  /** An event was dropped. @param now milliseconds */
  note(now: number): void {
    if (this.#since !== undefined) return;
    if (now - this.#lastSince > QUIET_MS) this.#backoff.reset();
    this.#since = now;
    this.#lastSince = now;
    this.#timer = setTimeout(() => this.flush(), this.#backoff.next());
  }

  /** Gives out what is noted without waiting: the connection has ended. */
  flush(): void {
    clearTimeout(this.#timer);
    const since = this.#since;
    this.#since = undefined;
    if (since !== undefined) this.#onAffordable(since);
  }
}
