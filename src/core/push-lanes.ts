import type { Delivery, Wake } from './delivery.ts';
import type { PushQueue, WakePriority } from './push-queue.ts';
import type { PushTarget } from './push-target.ts';
import type { Telemetry } from './telemetry.ts';

/** The lanes of the providers that can deliver. A target's type alone chooses one; no lane ever stands in for another. */
export class PushLanes implements AsyncDisposable {
  readonly #lanes: ReadonlyMap<PushTarget['type'], PushQueue>;
  readonly #telemetry: Telemetry;

  constructor(lanes: readonly PushQueue[], telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#lanes = new Map(lanes.map((lane) => [lane.provider, lane]));
  }

  /** Whether any provider has what it needs to deliver. */
  get canDeliver(): boolean {
    return this.#lanes.size > 0;
  }

  push(target: PushTarget, wake: Wake, priority: WakePriority): Promise<Delivery> {
    const lane = this.#lanes.get(target.type);
    if (lane !== undefined) return lane.push(target, wake, priority);
    this.#telemetry.count('wakes_turned_away', { provider: target.type });
    return Promise.resolve({ outcome: 'retry', reason: 'provider_not_ready' });
  }

  /** Wakes that wait or are under way, by provider. */
  pending(): Record<string, number> {
    return Object.fromEntries([...this.#lanes].map(([provider, lane]) => [provider, lane.size]));
  }

  /** Waits until every lane is empty, or until the signal. @returns how many wakes were given up */
  async drain(signal: AbortSignal): Promise<number> {
    const lost = await Promise.all([...this.#lanes.values()].map((lane) => lane.drain(signal)));
    return lost.reduce((sum, count) => sum + count, 0);
  }

  /** Closes what the providers hold open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane[Symbol.asyncDispose]()));
  }
}
