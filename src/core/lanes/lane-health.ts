import type { Backoff } from '../basics/backoff.ts';
import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';
import { RecentVerdicts } from './recent-verdicts.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { TokenBucket } from '../basics/token-bucket.ts';

/** So many devices within a minute, and it is not the devices (contract 5): fewer could be one client's doing. */
const DEVICES_THAT_TELL = 3;
/** For a look at the lane, not for its breaker: one device alone can show that a lane is down. */
const FAILURES_THAT_TELL = 3;
/** Devices that are remembered for each verdict: more than a lane of FCM serves in a second. */
const MAX_DEVICES = 4096;
/** Attempts under way at once at a lane that has never delivered: one device that hangs is passed by. */
const UNPROVEN_AT_ONCE = 2;
/** A lane that has never delivered gets no more than this (design: slow start of unknown lanes). */
const UNPROVEN = { perSecond: 20, burst: 20 };
/** A pause is never longer, whatever a push service asks for: a wrong date must not silence a lane for a year. */
const MAX_PAUSE_MS = 60 * MINUTE_MS;

/**
 * What a lane may ask for beside others (`lane-turns.ts`). `trusted`: it delivers. `fallen`: it has delivered and does not now. `fresh`:
 * nothing is known of it yet. `failing`: it has never delivered, and its last attempt failed.
 */
export type Standing = 'trusted' | 'fallen' | 'fresh' | 'failing';

export type LaneState = 'open' | 'paused' | 'broken';

export interface LaneHealthOptions {
  readonly retry: RetryPolicy;
  /** The wait before a broken lane is tried with one wake. */
  readonly breaker: Backoff;
  /** Whether a lane that has not delivered yet starts slowly. */
  readonly startsSlowly: boolean;
  /** Monotonic, in milliseconds. */
  readonly monotonic: Clock;
}

/** What an answer says of the push service as a whole. */
type Verdict = 'delivered' | 'throttled' | 'failed';

/**
 * Whether a lane may send now (contract 5). It is *paused* when within a minute three distinct devices were told "too many", and more
 * than had a wake delivered. It is *broken* when within a minute three distinct devices failed, more than had a wake delivered, and no
 * device got a verdict of its own since the first of them. Then one wake at a time tries it. A few devices of one client that fail
 * therefore never stop a lane that delivers to others.
 */
export class LaneHealth {
  readonly #options: LaneHealthOptions;
  readonly #verdicts = new RecentVerdicts<Verdict>(MINUTE_MS, MAX_DEVICES);
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
      ? new TokenBucket({ ...UNPROVEN, clock: options.monotonic })
      : undefined;
  }

  get state(): LaneState {
    if (this.#isBroken) return 'broken';
    return this.#pausedUntil > this.#options.monotonic() ? 'paused' : 'open';
  }

  /** Whether nothing has come through of late: also where too few devices are behind the lane for it to break. */
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

  /** How many attempts may be under way at once: one where it is not known whether the lane works. */
  concurrency(most: number): number {
    if (this.#isBroken) return 1;
    return this.#isProven ? most : Math.min(UNPROVEN_AT_ONCE, most);
  }

  /** A wake is about to be sent. */
  begin(): void {
    this.#isTried = true;
    if (this.#isProven || this.#slowStart === undefined) return;
    this.#slowUntil = this.#options.monotonic() + this.#slowStart.spend(1);
  }

  /** @returns the state that the lane has come to, if it is another than was told before: a pause ends by itself */
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
    // Any verdict on a device or a kind of device shows that the service is there; only a delivery shows what it is good for.
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
  }

  /** A broken lane waits for the longer of the breaker's wait and of what the push service asked for. */
  #noteFailure(device: string, afterMs = 0): void {
    this.#streak++;
    if (!this.#tells('failed', device) && !this.#isBroken) return;
    const isKnown = this.#isBroken && !this.#isTried;
    const waitMs = isKnown ? 0 : this.#options.breaker.next();
    this.#isBroken = true;
    this.#isTried = false;
    this.#pause(Math.max(afterMs, waitMs));
  }

  /** Notes the verdict on the device. @returns whether by now so many devices have it that it is not the devices */
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
