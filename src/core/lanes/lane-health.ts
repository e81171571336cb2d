import type { Backoff } from '../basics/backoff.ts';
import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';
import { RecentVerdicts } from './recent-verdicts.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { TokenBucket } from '../basics/token-bucket.ts';

/** When so many devices fail within a minute, the push server is at fault (contract 5). Fewer could be one client's doing. */
const DEVICES_THAT_TELL = 3;
/** Failures in a row after which the lane is shown as down. It is not for the circuit breaker: one device may cause all of them. */
const FAILURES_THAT_TELL = 3;
/** Devices that are kept for each verdict: more than the lane of FCM serves in a second. */
const MAX_DEVICES = 4096;
/** Attempts under way at once in a lane that has never delivered. Two, so that one device that hangs does not stop the lane. */
const UNPROVEN_AT_ONCE = 2;
/** Attempts that a lane that has never delivered may begin within a second, and at once. */
const UNPROVEN_PER_SECOND = 20;
/** The longest pause, whatever a push service asks for: a wrong date must not silence a lane for a year. */
const MAX_PAUSE_MS = 60 * MINUTE_MS;

/**
 * What the answers of a push server say of it; `lane-turns.ts` divides attempts by this. `trusted`: it delivers. `fallen`: it has delivered,
 * and does not now. `fresh`: it has never delivered, and its last attempt did not fail. `failing`: it has never delivered, and its last
 * attempt failed.
 */
export type Standing = 'trusted' | 'fallen' | 'fresh' | 'failing';

export type LaneState = 'open' | 'paused' | 'broken';

export interface LaneHealthOptions {
  readonly retry: RetryPolicy;
  /** The waits of a broken lane before each wake that tries it. */
  readonly breaker: Backoff;
  /** Strangers run the push server: until it has delivered, the lane sends slowly. */
  readonly startsSlowly: boolean;
  /** Monotonic, in milliseconds. */
  readonly monotonic: Clock;
  /** Told of each pause that begins because devices were told "too many": its length in milliseconds. */
  readonly onPaused?: ((ms: number) => void) | undefined;
}

/** What an answer says of the push service as a whole. */
type Verdict = 'delivered' | 'throttled' | 'failed';

/**
 * Whether a lane may send now (contract 5). The lane is *paused* when three devices were told "too many" within a minute, and they are more
 * than the devices that had a wake delivered in that minute. The lane is *broken* by the same rule on failures, if the push server has not
 * judged any single device in between. A broken lane sends one wake at a time. So a few devices of one client that fail never stop a lane
 * that delivers to others.
 */
export class LaneHealth {
  readonly #options: LaneHealthOptions;
  readonly #verdicts = new RecentVerdicts<Verdict>(MINUTE_MS, MAX_DEVICES);
  readonly #slowStart: TokenBucket | undefined;
  #pausedUntil = -Infinity;
  #slowUntil = -Infinity;
  #isBroken = false;
  /** Attempts in a row that failed, of any device. */
  #streak = 0;
  /**
   * An attempt has begun since the lane broke. Failures before that belong to attempts that were under way already, and do not make the
   * wait longer.
   */
  #isTried = false;
  #isProven: boolean;
  /** The state that was told last. */
  #told: LaneState = 'open';

  constructor(options: LaneHealthOptions) {
    this.#options = options;
    this.#isProven = !options.startsSlowly;
    this.#slowStart = options.startsSlowly
      ? new TokenBucket({
          perSecond: UNPROVEN_PER_SECOND,
          burst: UNPROVEN_PER_SECOND,
          clock: options.monotonic,
        })
      : undefined;
  }

  get state(): LaneState {
    if (this.#isBroken) return 'broken';
    return this.#pausedUntil > this.#options.monotonic() ? 'paused' : 'open';
  }

  /** The last attempts failed. True also if too few devices use the lane for it to break. */
  get isFailing(): boolean {
    return this.#isBroken || this.#streak >= FAILURES_THAT_TELL;
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  get standing(): Standing {
    if (this.#isProven) return this.isFailing ? 'fallen' : 'trusted';
    return this.#isBroken || this.#streak > 0 ? 'failing' : 'fresh';
  }

  /** How long until the lane may send again, in milliseconds. */
  get waitMs(): number {
    return Math.max(0, Math.max(this.#pausedUntil, this.#slowUntil) - this.#options.monotonic());
  }

  /** How many attempts may be under way at once: one if the lane is broken, few if it has never delivered. */
  concurrency(most: number): number {
    if (this.#isBroken) return 1;
    return this.#isProven ? most : Math.min(UNPROVEN_AT_ONCE, most);
  }

  /** Another server of the fleet was told "too many". */
  pauseFor(ms: number): void {
    this.#pause(ms);
  }

  /** An attempt begins. */
  begin(): void {
    this.#isTried = true;
    if (this.#isProven || this.#slowStart === undefined) return;
    this.#slowUntil = this.#options.monotonic() + this.#slowStart.spend(1);
  }

  /** @returns the state of the lane, if it differs from the state returned before. The end of a pause is returned with the next answer. */
  note(device: string, delivery: Delivery): LaneState | undefined {
    this.#note(device, delivery);
    const { state } = this;
    if (state === this.#told) return undefined;
    this.#told = state;
    return state;
  }

  #note(device: string, delivery: Delivery): void {
    if (delivery.outcome === 'retry' && delivery.concerns === undefined) {
      if (delivery.throttled === true && !this.#isBroken) this.#noteThrottled(device, delivery.afterMs);
      else this.#noteFailure(device, delivery.throttled === true ? undefined : delivery.afterMs);
    } else if (delivery.outcome === 'refused' && delivery.blames === 'provider') this.#noteFailure(device);
    else this.#noteAnswer(device, delivery);
  }

  #noteAnswer(device: string, { outcome }: Delivery): void {
    // Any answer about one device or platform shows that the push server works. Only a delivery proves that it delivers.
    if (outcome === 'delivered') {
      this.#isProven = true;
      this.#verdicts.note('delivered', device, this.#options.monotonic());
    }
    this.#isBroken = false;
    this.#streak = 0;
    this.#verdicts.clear('failed');
    this.#options.breaker.reset();
  }

  #noteThrottled(device: string, afterMs = this.#options.retry.throttledMs): void {
    if (!this.#tells('throttled', device)) return;
    this.#verdicts.clear('throttled');
    this.#pause(afterMs);
    this.#options.onPaused?.(Math.min(MAX_PAUSE_MS, afterMs));
  }

  /** A broken lane waits for the breaker's wait, or for what the push service asked for if that is longer. */
  #noteFailure(device: string, afterMs = 0): void {
    this.#streak++;
    if (!this.#tells('failed', device) && !this.#isBroken) return;
    const isKnown = this.#isBroken && !this.#isTried;
    const waitMs = isKnown ? 0 : this.#options.breaker.next();
    this.#isBroken = true;
    this.#isTried = false;
    this.#pause(Math.max(afterMs, waitMs));
  }

  /** Notes the verdict on the device. @returns whether so many devices have it that the push server is at fault */
  #tells(verdict: Verdict, device: string): boolean {
    const now = this.#options.monotonic();
    this.#verdicts.note(verdict, device, now);
    const count = this.#verdicts.count(verdict, now);
    return count >= DEVICES_THAT_TELL && count > this.#verdicts.count('delivered', now);
  }

  #pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.monotonic() + Math.min(MAX_PAUSE_MS, ms));
  }
}
