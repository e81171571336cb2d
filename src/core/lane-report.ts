import type { Delivery } from './delivery.ts';
import type { LaneState } from './lane-health.ts';
import type { Telemetry } from './telemetry.ts';

/** Why a device is owed a wake. */
export type OwedReason = 'deadline' | 'refused' | 'overload' | 'suspect';

const STATE_LINES = { open: 'lane.open', paused: 'lane.paused', broken: 'lane.broken' } as const;

/** What a lane counts and says. No line names the lane's host: an endpoint's host can tell who somebody is. */
export class LaneReport {
  readonly #telemetry: Telemetry;
  readonly #provider: string;
  #isOverloaded = false;
  #isGuardUp = false;

  constructor(telemetry: Telemetry, provider: string) {
    this.#telemetry = telemetry;
    this.#provider = provider;
  }

  queued(): void {
    this.#telemetry.count('wakes_queued', { provider: this.#provider });
  }

  absorbed(): void {
    this.#telemetry.count('wakes_absorbed', { provider: this.#provider });
  }

  attempt(delivery: Delivery): void {
    const provider = this.#provider;
    this.#telemetry.count('pushes', { provider, outcome: delivery.outcome });
    if (delivery.outcome === 'delivered') this.#telemetry.log('wake.delivered', { provider });
    else if (delivery.outcome === 'retry')
      this.#telemetry.log('wake.failed', { provider, reason: delivery.reason });
    else if (delivery.outcome === 'refused') {
      const line = delivery.blames === 'provider' ? 'wake.refused' : 'wake.device_refused';
      this.#telemetry.log(line, { provider, reason: delivery.reason });
    }
  }

  owed(reason: OwedReason): void {
    this.#telemetry.count('wakes_owed', { provider: this.#provider, reason });
  }

  fault(error: string): void {
    this.#telemetry.log('provider.fault', { provider: this.#provider, error });
  }

  state(state: LaneState | undefined, waitMs: number): void {
    if (state === undefined) return;
    this.#telemetry.count('lane_changes', { provider: this.#provider, state });
    this.#telemetry.log(STATE_LINES[state], {
      provider: this.#provider,
      ...(waitMs > 0 && { waitMs: Math.round(waitMs) }),
    });
  }

  /** @param isOverloaded whether the queue was full, or, if not, whether it is half empty again */
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
}
