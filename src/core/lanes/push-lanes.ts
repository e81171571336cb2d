import type { LaneTroubles } from './lane-trouble.ts';
import type { PushLane } from './provider-lanes.ts';
import type { PushService, PushTarget } from '../registry/push-target.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { turnAway } from './turn-away.ts';
import type { Wake, WakeEnd } from './wake.ts';

export interface PushLanesOptions {
  readonly telemetry: Telemetry;
  /** The lane of each provider; absent where a provider cannot deliver. */
  readonly lanes: Readonly<Partial<Record<PushService, PushLane>>>;
  /** Closes what the providers hold open. */
  readonly closeProviders: () => Promise<void>;
}

/** All lanes: one for each provider. Within one every push server has its own queue, pauses and breaker (`lane-host.ts`). */
export class PushLanes implements AsyncDisposable {
  readonly #options: PushLanesOptions;
  /** Wakes that followed their keys to a lane that was done already, at the stop. */
  #late = 0;

  constructor(options: PushLanesOptions) {
    this.#options = options;
  }

  /** The device has been registered anew: it is no suspect any more. */
  clearSuspect(target: PushTarget, device: string): void {
    this.#options.lanes[target.type]?.clearSuspect(target, device);
  }

  /**
   * The registrations behind this device's wakes have changed: a wake that waits is asked at once whether it is wanted elsewhere.
   *
   * @returns whether wakes for such a device wait in a lane at all; not while its provider cannot deliver
   */
  async follow(target: PushTarget, device: string): Promise<boolean> {
    const lane = this.#options.lanes[target.type];
    await lane?.follow(device);
    return lane !== undefined;
  }

  request(wake: Wake): Promise<WakeEnd> {
    const lane = this.#options.lanes[wake.target.type];
    if (lane?.isClosed === true) {
      this.#late++;
      return Promise.resolve('dropped');
    }
    if (lane !== undefined) return lane.request(wake);
    // Credentials come with a restart.
    return Promise.resolve(turnAway(wake, this.#options.telemetry));
  }

  /** The live wake of the device that has not been sent yet. */
  unsent({ type }: PushTarget, device: string): Wake | undefined {
    return this.#options.lanes[type]?.unsent(device);
  }

  /** Wakes that wait or are under way, by provider. */
  pending(): Record<string, number> {
    return this.#each(({ pending }) => pending);
  }

  /** Devices that are owed a wake, by provider. */
  owed(): Record<string, number> {
    return this.#each(({ owed }) => owed);
  }

  /** Push servers in use, by provider. */
  count(): Record<string, number> {
    return this.#each(({ hosts }) => hosts);
  }

  /** How many push servers have which trouble, by provider. */
  troubled(): Record<string, LaneTroubles> {
    return this.#each(({ troubles }) => troubles);
  }

  /** Waits until every lane is empty, or until the signal. @returns how many wakes were given up */
  async drain(signal: AbortSignal): Promise<number> {
    const lost = await Promise.all(Object.values(this.#options.lanes).map((lane) => lane.drain(signal)));
    return lost.reduce((sum, count) => sum + count, this.#late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.closeProviders();
  }

  #each<Value>(of: (lane: PushLane) => Value): Record<string, Value> {
    return Object.fromEntries(
      Object.entries(this.#options.lanes).map(([provider, lane]) => [provider, of(lane)]),
    );
  }
}
