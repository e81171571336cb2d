import type { Clock } from '../basics/clock.ts';
import type { PushService, PushTarget } from '../registry/push-target.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { LaneTroubles } from './lane.ts';
import type { ProviderLanes } from './provider-lanes.ts';
import type { SharedPauses } from './shared-pauses.ts';
import { turnAway } from './turned-away.ts';
import type { Wake, WakeEnd } from './wake.ts';

/** A wake takes some turns of the event loop, of a millisecond at most, until it is on its way to the push service. */
const RECENT_MS = 10;

export interface PushLanesOptions {
  /** The lanes of each provider; absent where a provider cannot deliver. */
  readonly lanes: Readonly<Partial<Record<PushService, ProviderLanes>>>;
  /** Closes what the providers hold open. */
  readonly closeProviders: () => Promise<void>;
  readonly telemetry: Telemetry;
  /** Monotonic, in milliseconds. */
  readonly monotonic: Clock;
  /** The pauses of the fleet's lanes; absent if this server is alone. */
  readonly pauses?: SharedPauses | undefined;
}

/** All lanes, by provider: where every wake leaves the rest of the program. */
export class PushLanes implements AsyncDisposable {
  readonly #options: PushLanesOptions;
  readonly #all: readonly ProviderLanes[];
  /** Wakes that followed their keys to a lane that was closed already, at the stop. */
  #late = 0;
  /** When a wake was last asked for. */
  #lastAskedAt = -Infinity;

  constructor(options: PushLanesOptions) {
    this.#options = options;
    this.#all = Object.values(options.lanes);
  }

  /** A wake was asked for within the last {@link RECENT_MS}. Work that can wait should let the wake go first. */
  get isBusy(): boolean {
    return this.#options.monotonic() - this.#lastAskedAt < RECENT_MS;
  }

  /** The device was registered again, so it is no suspect any more. */
  clearSuspect(target: PushTarget, device: string): void {
    this.#options.lanes[target.type]?.judgeOf(target)?.clearSuspect(device);
  }

  /** How long until a second strike of the device counts, in milliseconds, less than zero if it counts already; `undefined` if the device is no suspect. */
  suspicionOf(target: PushTarget, device: string): number | undefined {
    return this.#options.lanes[target.type]?.judgeOf(target)?.suspicionOf(device);
  }

  /** The device is a suspect at another server of the fleet. @param ms as from {@link suspicionOf} */
  resumeSuspicion(target: PushTarget, device: string, ms: number): void {
    this.#options.lanes[target.type]?.judgeOf(target, true)?.resumeSuspicion(device, ms);
  }

  /**
   * The registrations behind the device's wakes have changed: a wake that waits is asked at once where it is wanted.
   *
   * @returns whether the device's push service has lanes; false while its provider cannot deliver
   */
  async follow(target: PushTarget, device: string): Promise<boolean> {
    const lanes = this.#options.lanes[target.type];
    await lanes?.follow(device);
    return lanes !== undefined;
  }

  /** For how long its push service wants the device to be left alone, in milliseconds. */
  restMs(device: string): number {
    // Asked after every wake of a fleet.
    let ms = 0;
    for (const lanes of this.#all) ms = Math.max(ms, lanes.restMs(device));
    return ms;
  }

  /** Another server of the fleet pauses a lane. @param ms for how long from now on */
  pause(lane: string, ms: number): void {
    this.#options.pauses?.note(lane, ms);
    for (const lanes of Object.values(this.#options.lanes)) lanes.pause(lane, ms);
  }

  request(wake: Wake): Promise<WakeEnd> {
    this.#lastAskedAt = this.#options.monotonic();
    const lanes = this.#options.lanes[wake.target.type];
    // Credentials come with a restart.
    if (lanes === undefined) return Promise.resolve(turnAway(wake, this.#options.telemetry));
    if (!lanes.isClosed) return lanes.request(wake);
    this.#late++;
    return Promise.resolve('dropped');
  }

  /** The live wake of the device that has not been sent yet. */
  unsent({ type }: PushTarget, device: string): Wake | undefined {
    return this.#options.lanes[type]?.unsent(device);
  }

  /** Wakes whose turn may come now, in the lanes of this push service. */
  queued(service: PushService): number {
    return this.#options.lanes[service]?.queued ?? 0;
  }

  /** Wakes that wait or are being sent, by provider. */
  pending(): Record<string, number> {
    return this.#each(({ pending }) => pending);
  }

  /** Devices that are owed a wake, by provider. */
  owed(): Record<string, number> {
    return this.#each(({ owed }) => owed);
  }

  /** Lanes in use, by provider. */
  count(): Record<string, number> {
    return this.#each(({ count }) => count);
  }

  /** How many lanes have which trouble, by provider. */
  troubled(): Record<string, LaneTroubles> {
    return this.#each(({ troubles }) => troubles);
  }

  /** Waits until every lane is empty, or until the signal. @returns how many wakes were lost */
  async drain(signal: AbortSignal): Promise<number> {
    const lost = await Promise.all(Object.values(this.#options.lanes).map((lanes) => lanes.drain(signal)));
    return lost.reduce((sum, count) => sum + count, this.#late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.closeProviders();
  }

  #each<Value>(of: (lanes: ProviderLanes) => Value): Record<string, Value> {
    return Object.fromEntries(
      Object.entries(this.#options.lanes).map(([provider, lanes]) => [provider, of(lanes)]),
    );
  }
}
