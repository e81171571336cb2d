import type { Backoff } from './backoff.ts';
import { MINUTE_MS, type Clock } from './clock.ts';
import type { Delivery } from './delivery.ts';
import { DistinctDevices } from './distinct-devices.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { TokenBucket } from './token-bucket.ts';

/** So many devices within a minute, and it is not the devices (contract 5): fewer could be one client's doing. */
const DEVICES_THAT_TELL = 3;
/** For a look at the lane, not for its breaker: one device alone can show that a host is down. */
const FAILURES_THAT_TELL = 3;
/** A lane that has never delivered gets no more than this (design: slow start of unknown hosts). */
const UNPROVEN = { perSecond: 20, burst: 20 };
/** A pause is never longer, whatever a push service asks for: a wrong date must not silence a lane for a year. */
const MAX_PAUSE_MS = 60 * MINUTE_MS;

export type LaneState = 'open' | 'paused' | 'broken';

export interface LaneHealthOptions {
  readonly retry: RetryPolicy;
  /** The wait before a broken lane is tried with one wake. */
  readonly breaker: Backoff;
  /** Whether a lane that has not delivered yet starts slowly. */
  readonly startsSlowly: boolean;
  readonly clock: Clock;
}

/**
 * Whether a lane may send now. It is *paused* when three distinct devices were told "too many" within a minute, and
 * *broken* when three distinct devices failed since the last success: then one wake at a time tries it.
 */
export class LaneHealth {
  readonly #options: LaneHealthOptions;
  readonly #throttled = new DistinctDevices(MINUTE_MS, DEVICES_THAT_TELL);
  readonly #failed = new DistinctDevices(MINUTE_MS, DEVICES_THAT_TELL);
  readonly #slowStart: TokenBucket | undefined;
  #pausedUntil = -Infinity;
  #slowUntil = -Infinity;
  #isBroken = false;
  /** Attempts in a row that failed, of whichever device. */
  #streak = 0;
  /** Whether a wake was sent since the lane broke: before that, all that fails was under way already, and says nothing new. */
  #isTried = false;
  #isProven: boolean;
  /** The state that was told last. */
  #told: LaneState = 'open';

  constructor(options: LaneHealthOptions) {
    this.#options = options;
    this.#isProven = !options.startsSlowly;
    this.#slowStart = options.startsSlowly
      ? new TokenBucket({ ...UNPROVEN, clock: options.clock })
      : undefined;
  }

  get state(): LaneState {
    if (this.#isBroken) return 'broken';
    return this.#pausedUntil > this.#options.clock() ? 'paused' : 'open';
  }

  /** Whether nothing has come through of late: also where too few devices are behind the lane for it to break. */
  get isFailing(): boolean {
    return this.#isBroken || this.#streak >= FAILURES_THAT_TELL;
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  /** How long until the lane may send again, in milliseconds. */
  get waitMs(): number {
    return Math.max(0, Math.max(this.#pausedUntil, this.#slowUntil) - this.#options.clock());
  }

  /** How many attempts may be under way at once: one where it is not known whether the lane works. */
  concurrency(most: number): number {
    return this.#isBroken ? 1 : most;
  }

  /** A wake is about to be sent. */
  begin(): void {
    this.#isTried = true;
    if (this.#isProven || this.#slowStart === undefined) return;
    this.#slowUntil = this.#options.clock() + this.#slowStart.spend(1);
  }

  /** @returns the state that the lane has come to, if it is another than was told before: a pause ends by itself */
  note(device: string, delivery: Delivery): LaneState | undefined {
    const { outcome } = delivery;
    if (outcome === 'retry') this.#noteFailure(device, delivery.throttled === true, delivery.afterMs);
    else if (outcome === 'refused' && delivery.blames === 'provider') this.#noteFailure(device, false);
    else this.#noteAnswer(delivery);
    const { state } = this;
    if (state === this.#told) return undefined;
    this.#told = state;
    return state;
  }

  #noteAnswer(delivery: Delivery): void {
    // Any verdict on a device shows that the service is there; only a delivery shows what it is good for.
    if (delivery.outcome === 'delivered') this.#isProven = true;
    this.#isBroken = false;
    this.#streak = 0;
    this.#failed.clear();
    this.#options.breaker.reset();
  }

  #noteFailure(device: string, throttled: boolean, afterMs?: number): void {
    const { breaker, clock, retry } = this.#options;
    const now = clock();
    const kind = throttled ? this.#throttled : this.#failed;
    kind.note(device, now);
    if (!throttled) this.#streak++;
    if (!this.#isBroken && kind.count(now) < DEVICES_THAT_TELL) return;
    if (throttled) {
      this.#throttled.clear();
      this.#pause(Math.min(MAX_PAUSE_MS, afterMs ?? retry.throttledMs));
    } else {
      const isKnown = this.#isBroken && !this.#isTried;
      const waitMs = isKnown ? 0 : breaker.next();
      this.#isBroken = true;
      this.#isTried = false;
      this.#pause(Math.min(MAX_PAUSE_MS, Math.max(afterMs ?? 0, waitMs)));
    }
  }

  #pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.clock() + ms);
  }
}
