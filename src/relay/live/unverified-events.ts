import { Backoff } from '../../core/basics/backoff.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

/** After so long without a dropped event a flood is over. */
const QUIET_MS = 3 * HOUR_MS;

/**
 * When a relay is asked again for events that were dropped unverified: when their key can be verified again, and ever more seldom
 * while a flood goes on.
 */
export class UnverifiedEvents {
  readonly #backoff: Backoff;
  readonly #onAffordable: () => void;
  #notedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor({ unverified }: Pick<RelayTiming, 'unverified'>, onAffordable: () => void) {
    this.#backoff = new Backoff(unverified);
    this.#onAffordable = onAffordable;
  }

  /** An event was dropped. @param now milliseconds */
  note(now: number): void {
    if (this.#timer !== undefined) return;
    if (now - this.#notedAt > QUIET_MS) this.#backoff.reset();
    this.#notedAt = now;
    this.#timer = setTimeout(() => this.flush(), this.#backoff.next());
  }

  /** Tells of what is noted without waiting: the connection has ended. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onAffordable();
  }
}
