import { Backoff } from '../../core/basics/backoff.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

/** A flood is over when no event was dropped for this long. */
const QUIET_MS = 3 * HOUR_MS;

/**
 * Decides when a relay is asked again for events that were dropped without a verification. That is when events for the flooded key can be
 * verified again. The wait grows while the flood goes on.
 */
export class UnverifiedEvents {
  readonly #backoff: Backoff;
  readonly #onDue: () => void;
  #notedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor({ unverified }: Pick<RelayTiming, 'unverified'>, onDue: () => void) {
    this.#backoff = new Backoff(unverified);
    this.#onDue = onDue;
  }

  /** An event was dropped. @param now milliseconds */
  note(now: number): void {
    if (this.#timer !== undefined) return;
    if (now - this.#notedAt > QUIET_MS) this.#backoff.reset();
    this.#notedAt = now;
    this.#timer = setTimeout(() => this.flush(), this.#backoff.next());
  }

  /** Ends the wait at once, because the connection has ended. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onDue();
  }
}
