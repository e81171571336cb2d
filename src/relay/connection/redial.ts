import { Backoff } from '../../core/basics/backoff.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';
import type { RelayTiming } from './relay-timing.ts';

/** How many lost connections are dialled again at once, if each proved itself. A recovery that looks for a poisoned event loses many. Beyond that the wait grows. */
const QUICK_DIALS = { burst: 30, perSecond: 1 / 120 };

/** Decides how long to wait before a relay is dialled again. */
export class Redial {
  readonly #probationMs: number;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #penalty: Backoff;
  readonly #quickDials: TokenBucket;
  #dialledAt = 0;
  #isProven = false;

  constructor({ reconnect, penalty, probationMs }: RelayTiming, clock: Clock) {
    this.#probationMs = probationMs;
    this.#clock = clock;
    this.#backoff = new Backoff(reconnect);
    this.#penalty = new Backoff(penalty);
    this.#quickDials = new TokenBucket({ ...QUICK_DIALS, clock });
  }

  dialled(): void {
    this.#dialledAt = this.#clock();
    this.#isProven = false;
  }

  /** The relay has kept a promise on this connection. It is dialled soon when it is lost, as long as that does not happen too often. */
  proven(): void {
    if (this.#isProven) return;
    this.#isProven = true;
    if (this.#quickDials.spend(1) === 0) this.#backoff.reset();
  }

  /** @param isMisconduct whether the connection ended for the relay's misconduct @returns the wait in milliseconds */
  waitMs(isMisconduct: boolean): number {
    if (isMisconduct) return Math.round(this.#penalty.next());
    if (this.#clock() - this.#dialledAt >= this.#probationMs) this.#penalty.reset();
    return Math.round(this.#backoff.next());
  }
}
