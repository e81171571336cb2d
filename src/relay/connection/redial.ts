import { Backoff } from '../../core/basics/backoff.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';
import type { RelayTiming } from './relay-timing.ts';

/** Connections that may prove themselves and be lost at once, as while a poisoned event is looked for; then the wait grows. */
const QUICK_DIALS = { burst: 30, perSecond: 1 / 120 };

/** How long to wait before a relay is dialled again. */
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

  /** The relay has kept a promise: it is dialled at once when it is lost, but not again and again. */
  proven(): void {
    if (this.#isProven) return;
    this.#isProven = true;
    if (this.#quickDials.spend(1) === 0) this.#backoff.reset();
  }

  /** @returns milliseconds, after a connection that ended with misconduct or without */
  waitMs(isMisconduct: boolean): number {
    if (isMisconduct) return Math.round(this.#penalty.next());
    if (this.#clock() - this.#dialledAt >= this.#probationMs) this.#penalty.reset();
    return Math.round(this.#backoff.next());
  }
}
