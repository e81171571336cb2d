import type { Clock } from '../basics/clock.ts';
import { CONSEQUENCES, wantsRest, type Consequence, type Delivery } from './delivery.ts';
import { EvictionGuard, GUARDED_RETRY_MS } from './eviction-guard.ts';
import type { LaneEntry } from './lane-entry.ts';
import type { LaneHealth } from './lane-health.ts';
import type { LaneReport } from './lane-report.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { Suspects, type Strike } from './suspects.ts';

type Retry = Extract<Delivery, { outcome: 'retry' }>;

export interface LaneJudgeOptions {
  readonly health: LaneHealth;
  readonly report: LaneReport;
  readonly retry: RetryPolicy;
  readonly monotonic: Clock;
  readonly eviction: EvictionOptions;
}

/** When a device that its push service calls gone is evicted (contract 5). */
export interface EvictionOptions {
  /** `GONE_CONFIRM_SECONDS`, in milliseconds: the least time between the two strikes. */
  readonly confirmMs: number;
  /**
   * Many devices of many parties use the lane (FCM, APNs). Then a device is evicted only if the push service delivers to others, and not
   * while too many devices are called gone. An answer of a UnifiedPush server concerns its own devices only.
   */
  readonly isGuarded: boolean;
}

/** Says what follows from each outcome (contract 5). It tells the lane's health of the outcome, and counts the strikes of devices that are gone. */
export class LaneJudge {
  readonly #options: LaneJudgeOptions;
  readonly #guard: EvictionGuard | undefined;
  readonly #suspects: Suspects;

  constructor(options: LaneJudgeOptions) {
    this.#options = options;
    this.#guard = options.eviction.isGuarded ? new EvictionGuard() : undefined;
    this.#suspects = new Suspects(options.eviction.confirmMs, options.monotonic);
  }

  /** The device was registered again, so it is no suspect any more. */
  clearSuspect(device: string): void {
    this.#suspects.clear(device);
  }

  /** {@inheritDoc Suspects.confirmedIn} */
  suspicionOf(device: string): number | undefined {
    return this.#suspects.confirmedIn(device);
  }

  /** {@inheritDoc Suspects.resume} */
  resumeSuspicion(device: string, ms: number): void {
    this.#suspects.resume(device, ms);
  }

  /** How long the device must not be tried, in milliseconds. A suspect that the guard protects is tried once an hour. */
  restMs(device: string): number {
    if (this.#guard === undefined || !this.#suspects.has(device) || !this.#guard.protects(device)) return 0;
    return this.#suspects.untilRestedMs(device, GUARDED_RETRY_MS);
  }

  rule(entry: LaneEntry, delivery: Delivery): Consequence {
    const { health, report } = this.#options;
    report.attempt(entry, delivery);
    report.state(health.note(entry.device, delivery), health.waitMs);
    switch (CONSEQUENCES[delivery.outcome]) {
      case 'renew':
        this.#suspects.noteDelivered(entry.device);
        this.#guard?.noteDelivered(entry.device);
        report.guard(this.#guard?.isUp === true);
        return { next: 'renew' };
      case 'evict':
        return this.#gone(entry);
      case 'owe':
        entry.isRefused = true;
        return { next: 'owe', reason: 'refused', waitMs: this.#owedMs(entry), isFirm: false };
      case 'retry':
        return this.#again(entry, delivery as Retry);
    }
  }

  /** Eviction cannot be undone: it takes two strikes, some time apart, and a push service that is known to work (contract 5). */
  #gone(entry: LaneEntry): Consequence {
    const { device } = entry;
    entry.isRefused = true;
    const strike = this.#suspects.strike(device);
    // Once for each suspect, so that one dead device with many events does not look like many dead devices.
    if (strike === 'first') this.#guard?.noteGone(device);
    this.#options.report.guard(this.#guard?.isUp === true);
    if (this.#guard?.protects(device) === true)
      return { next: 'owe', reason: 'suspect', waitMs: GUARDED_RETRY_MS, isFirm: true };
    const isConfirmed =
      strike === 'second' && (this.#guard === undefined || this.#suspects.hasSeenAnotherDelivered(device));
    if (isConfirmed) {
      this.#suspects.clear(device);
      return { next: 'evict' };
    }
    return { next: 'owe', reason: 'suspect', waitMs: this.#confirmInMs(entry, strike), isFirm: false };
  }

  /** How long until a suspect is tried again: until a second strike counts, and after that longer each time. */
  #confirmInMs({ device, timesOwed }: LaneEntry, strike: Strike): number {
    const { eviction, retry } = this.#options;
    if (strike !== 'second') return this.#suspects.untilConfirmedMs(device);
    return Math.max(eviction.confirmMs, retry.owedMs(timesOwed));
  }

  #again(entry: LaneEntry, delivery: Retry): Consequence {
    const { monotonic, report, retry } = this.#options;
    const waitMs = retry.waitMs(delivery, entry.failures++);
    const isLate = monotonic() + waitMs >= entry.deadlineAt;
    if (wantsRest(delivery)) entry.restUntil = monotonic() + waitMs;
    if (!isLate && entry.rank !== 'owed') {
      report.postponed(entry, waitMs);
      return { next: 'retry', waitMs };
    }
    const isFirm = delivery.afterMs !== undefined;
    return { next: 'owe', reason: 'deadline', waitMs: Math.max(waitMs, this.#owedMs(entry)), isFirm };
  }

  /** A lane that works tries the device again after a wait. A lane that does not work has waits of its own. */
  #owedMs({ timesOwed }: LaneEntry): number {
    const { health, retry } = this.#options;
    return health.state === 'open' ? retry.owedMs(timesOwed) : 0;
  }
}
