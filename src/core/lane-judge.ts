import type { Clock } from './clock.ts';
import { CONSEQUENCES, type Delivery } from './delivery.ts';
import { EvictionGuard, SUSPECT_RETRY_MS } from './eviction-guard.ts';
import type { LaneEntry } from './lane-entry.ts';
import type { LaneHealth } from './lane-health.ts';
import type { LaneReport, OwedReason } from './lane-report.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** What is to be done with a wake after an attempt. Waits are milliseconds. */
export type Ruling =
  | { readonly next: 'renew' | 'forget' }
  | { readonly next: 'postpone'; readonly waitMs: number }
  | Owing;

export interface Owing {
  readonly next: 'owe';
  readonly reason: OwedReason;
  readonly waitMs: number;
  /** Whether the wait was promised to the push service, so that no new event shortens it. */
  readonly isFirm: boolean;
}

type Retry = Extract<Delivery, { outcome: 'retry' }>;

export interface LaneJudgeParts {
  readonly health: LaneHealth;
  readonly report: LaneReport;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
}

/** Says what follows from every outcome (contract 5), and keeps the books of a lane's health and of its devices that are gone. */
export class LaneJudge {
  readonly #parts: LaneJudgeParts;
  readonly #guard: EvictionGuard;

  constructor(parts: LaneJudgeParts) {
    this.#parts = parts;
    this.#guard = new EvictionGuard(parts.clock);
  }

  rule(entry: LaneEntry, delivery: Delivery): Ruling {
    const { health, report } = this.#parts;
    report.attempt(entry, delivery);
    report.state(health.note(entry.device, delivery), health.waitMs);
    switch (CONSEQUENCES[delivery.outcome]) {
      case 'renew':
        this.#guard.noteDelivered(entry.device);
        report.guard(this.#guard.isUp);
        return { next: 'renew' };
      case 'forget':
        return this.#gone(entry);
      case 'owe':
        entry.isRefused = true;
        return { next: 'owe', reason: 'refused', waitMs: this.#owedMs(entry), isFirm: false };
      case 'retry':
        return this.#again(entry, delivery as Retry);
    }
  }

  #gone(entry: LaneEntry): Ruling {
    // A lane that has never delivered has nothing to lose by being believed.
    const mayForget = this.#guard.noteGone(entry.device) || !this.#parts.health.isProven;
    this.#parts.report.guard(!mayForget);
    entry.isRefused = true;
    return mayForget
      ? { next: 'forget' }
      : { next: 'owe', reason: 'suspect', waitMs: SUSPECT_RETRY_MS, isFirm: true };
  }

  #again(entry: LaneEntry, delivery: Retry): Ruling {
    const { clock, report, retry } = this.#parts;
    const waitMs = retry.waitMs(delivery, entry.failures++);
    const isLate = clock() + waitMs >= entry.deadlineAt;
    if (!isLate && entry.rank !== 'owed') {
      report.postponed(entry, waitMs);
      return { next: 'postpone', waitMs };
    }
    const isFirm = delivery.afterMs !== undefined;
    return { next: 'owe', reason: 'deadline', waitMs: Math.max(waitMs, this.#owedMs(entry)), isFirm };
  }

  /** A lane that works tries the device again after a while; one that does not, with its next attempts. */
  #owedMs({ timesOwed }: LaneEntry): number {
    const { health, retry } = this.#parts;
    return health.state === 'open' ? retry.owedMs(timesOwed) : 0;
  }
}
