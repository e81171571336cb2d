import { SECOND_MS, type Clock } from '../basics/clock.ts';
import { describeError } from '../basics/describe-error.ts';
import type { Delivery, OwedReason } from './delivery.ts';
import type { LaneEntry } from './lane-entry.ts';
import type { LaneState } from './lane-health.ts';
import type { PushService } from '../registry/push-target.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Why a wake ended unsent. `unregistered`: none of its keys is registered. `stopped`: the program stops. `displaced`: its lane had never delivered and made room for another. */
export type DropReason = 'unregistered' | 'stopped' | 'displaced';

const STATE_LINES = { open: 'lane.open', paused: 'lane.paused', broken: 'lane.broken' } as const;

/** A stranger's push server chooses its status. Only these have a series of their own in the metrics. */
const STATUSES = new Set([400, 401, 403, 404, 405, 408, 410, 413, 429, 500, 502, 503, 504, 507]);

export interface LaneReportOptions {
  readonly telemetry: Telemetry;
  readonly provider: PushService;
  readonly monotonic: Clock;
}

/** What a lane counts, times and logs. Nothing names the push server: the host of an endpoint can tell who its user is. */
export class LaneReport {
  readonly #telemetry: Telemetry;
  readonly #provider: PushService;
  readonly #monotonic: Clock;
  #isOverloaded = false;
  #isGuardUp = false;

  constructor({ telemetry, provider, monotonic }: LaneReportOptions) {
    this.#telemetry = telemetry;
    this.#provider = provider;
    this.#monotonic = monotonic;
  }

  /** The queue was full, and is not half empty again. */
  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  /** Too many devices are called gone at once to be believed. */
  get isGuardUp(): boolean {
    return this.#isGuardUp;
  }

  queued(entry: LaneEntry): void {
    entry.queuedAt = this.#monotonic();
    this.#count('wakes_queued');
    this.#telemetry.trace(entry.wake.tracedKeys, 'wake queued', this.#provider);
    if (entry.hasWaited) this.#observe('wake_held_seconds', entry.wake.since);
  }

  absorbed(entry: LaneEntry): void {
    this.#count('wakes_absorbed');
    this.#telemetry.trace(entry.wake.tracedKeys, 'wake absorbed by one still unsent');
  }

  begun(entry: LaneEntry): void {
    this.#telemetry.trace(entry.wake.tracedKeys, 'wake sent', this.#provider);
    // Later attempts waited for a retry, or for the lane to work again, and not in a queue.
    if (entry.failures === 0 && entry.timesOwed === 0) this.#observe('wake_queue_seconds', entry.queuedAt);
  }

  attempt(entry: LaneEntry, delivery: Delivery): void {
    const provider = this.#provider;
    const { outcome } = delivery;
    const reason = reasonOf(delivery);
    this.#telemetry.count('pushes', { provider, outcome });
    this.#telemetry.trace(
      entry.wake.tracedKeys,
      'push service answered',
      reason === undefined ? outcome : `${outcome}: ${reason}`,
    );
    if (reason !== undefined) this.#telemetry.count('push_failures', { provider, reason: seriesOf(reason) });
    if (outcome === 'delivered') {
      this.#observe('event_to_push_seconds', entry.wake.since);
      this.#telemetry.log('wake.delivered', { provider });
    } else if (outcome === 'retry') this.#telemetry.log('wake.failed', { provider, reason: delivery.reason });
    else if (outcome === 'refused') {
      const line = delivery.blames === 'device' ? 'wake.device_refused' : 'wake.refused';
      this.#telemetry.log(line, { provider, reason: delivery.reason });
    }
  }

  postponed(entry: LaneEntry, waitMs: number): void {
    this.#count('wakes_retried');
    this.#telemetry.trace(
      entry.wake.tracedKeys,
      'wake will be tried again',
      `in ${(waitMs / SECOND_MS).toFixed(1)} s`,
    );
  }

  owed(entry: LaneEntry, reason: OwedReason): void {
    this.#telemetry.count('wakes_owed', { provider: this.#provider, reason });
    this.#telemetry.trace(entry.wake.tracedKeys, 'wake owed', reason);
  }

  dropped(entry: LaneEntry, reason: DropReason): void {
    this.#telemetry.count('wakes_dropped', { provider: this.#provider, reason });
    this.#telemetry.trace(entry.wake.tracedKeys, 'wake dropped', reason);
  }

  /** The provider has answered an attempt. @param begunAt by the monotonic clock */
  answered(begunAt: number): void {
    this.#observe('push_attempt_seconds', begunAt);
  }

  /** The provider threw. */
  fault(fault: unknown): void {
    this.#telemetry.log('provider.fault', { provider: this.#provider, error: describeError(fault) });
  }

  state(state: LaneState | undefined, waitMs: number): void {
    if (state === undefined) return;
    this.#telemetry.count('lane_changes', { provider: this.#provider, state });
    this.#telemetry.log(STATE_LINES[state], {
      provider: this.#provider,
      ...(waitMs > 0 && { waitMs: Math.round(waitMs) }),
    });
  }

  /** @param isOverloaded true: the queue is full; false: the queue is half empty */
  load(isOverloaded: boolean): void {
    if (isOverloaded === this.#isOverloaded) return;
    this.#isOverloaded = isOverloaded;
    this.#telemetry.log(isOverloaded ? 'lane.overloaded' : 'lane.relieved', { provider: this.#provider });
  }

  guard(isUp: boolean): void {
    if (isUp === this.#isGuardUp) return;
    this.#isGuardUp = isUp;
    const line = isUp ? 'lane.eviction_stopped' : 'lane.eviction_resumed';
    this.#telemetry.log(line, { provider: this.#provider });
  }

  #count(counter: 'wakes_queued' | 'wakes_absorbed' | 'wakes_retried'): void {
    this.#telemetry.count(counter, { provider: this.#provider });
  }

  /** @param since in milliseconds; `Infinity` if there is nothing to time */
  #observe(
    histogram: 'wake_held_seconds' | 'wake_queue_seconds' | 'event_to_push_seconds' | 'push_attempt_seconds',
    since: number,
  ): void {
    if (since === Infinity) return;
    const seconds = Math.max(0, this.#monotonic() - since) / SECOND_MS;
    this.#telemetry.observe(histogram, seconds, { provider: this.#provider });
  }
}

function reasonOf(delivery: Delivery): string | undefined {
  if (delivery.outcome === 'delivered') return undefined;
  return delivery.outcome === 'gone' ? 'gone' : delivery.reason;
}

function seriesOf(reason: string): string {
  const status = /^http_(\d+)$/.exec(reason)?.[1];
  return status === undefined || STATUSES.has(Number(status)) ? reason : `http_${status.slice(0, 1)}xx`;
}
