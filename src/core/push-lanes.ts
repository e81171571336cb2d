import { MINUTE_MS } from './clock.ts';
import { NO_TROUBLES, type LaneTroubles } from './lane-trouble.ts';
import type { OwedDevices } from './ports.ts';
import type { PushLane } from './push-lane.ts';
import type { PushTarget } from './push-target.ts';
import type { Schedule } from './schedule.ts';
import type { Telemetry } from './telemetry.ts';
import type { TradePubkey } from './trade-pubkey.ts';
import type { WakeEnd, WakeRequest } from './wake-request.ts';

/** Hosts that are served each by itself; those beyond share one lane, until an idle one makes room. */
const MAX_LANES = 5000;
const SHARED_LANE = 'shared';
/** A lane that has had nothing to do for so long is given up, with what it has learnt of its host. */
const IDLE_MS = 10 * MINUTE_MS;

export interface PushLanesOptions {
  /** Which lane a target belongs to, by name; `undefined` while its provider cannot deliver. */
  readonly laneOf: (target: PushTarget) => string | undefined;
  /** Makes the lane for the provider of this type. */
  readonly createLane: (type: PushTarget['type'], name: string) => PushLane;
  /** Remembers over a restart which devices are owed a wake. */
  readonly owed?: OwedDevices | undefined;
  /** Closes what the providers hold open. */
  readonly closeProviders: () => Promise<void>;
  readonly schedule: Schedule;
  readonly telemetry: Telemetry;
}

/** All lanes: one for FCM, and one for every UnifiedPush host, so that a slow or hostile one delays no other. */
export class PushLanes implements AsyncDisposable {
  readonly #options: PushLanesOptions;
  readonly #lanes = new Map<string, { lane: PushLane; type: PushTarget['type'] }>();
  #cancelSweep: (() => void) | undefined;
  #isDraining = false;
  /** Wakes that followed their keys to a lane that was done already, at the stop. */
  #late = 0;

  constructor(options: PushLanesOptions) {
    this.#options = options;
  }

  /**
   * A key that pointed at this device has been registered with another one: a wake that waits for it goes there.
   *
   * @returns whether wakes for such a device wait in a lane at all; not while its provider cannot deliver
   */
  async follow(target: PushTarget, device: string): Promise<boolean> {
    const name = this.#options.laneOf(target);
    if (name === undefined) return false;
    for (const each of [name, this.#sharedName(target)]) await this.#lanes.get(each)?.lane.follow(device);
    return true;
  }

  request(request: WakeRequest): Promise<WakeEnd> {
    if (this.#isDraining && this.#isTooLate(request.target)) {
      this.#late++;
      return Promise.resolve('dropped');
    }
    const lane = this.#lane(request.target);
    if (lane !== undefined) return lane.request(request);
    this.#options.telemetry.count('wakes_turned_away', { provider: request.target.type });
    this.#options.telemetry.trace(request.keys, 'wake without a lane', request.target.type);
    if (this.#options.owed === undefined) return Promise.resolve('dropped');
    // Credentials come with a restart.
    this.#options.owed.owe(request);
    return Promise.resolve('owed');
  }

  /** Whether the device has a live wake coming that has not been sent yet and is for this key. */
  isUnsent(target: PushTarget, device: string, key: TradePubkey): boolean {
    const name = this.#options.laneOf(target);
    if (name === undefined) return false;
    const isIn = (lane: string): boolean => this.#lanes.get(lane)?.lane.isUnsent(device, key) === true;
    return isIn(name) || isIn(this.#sharedName(target));
  }

  /** Wakes that wait or are under way, by provider. */
  pending(): Record<string, number> {
    return this.#sums(({ pending }) => pending);
  }

  /** Devices that are owed a wake, by provider. */
  owed(): Record<string, number> {
    return this.#sums(({ owed }) => owed);
  }

  /** Lanes, by provider. */
  count(): Record<string, number> {
    return this.#sums(() => 1);
  }

  /** How many lanes have which trouble, by provider. */
  troubled(): Record<string, LaneTroubles> {
    const sums: Record<string, LaneTroubles> = {};
    for (const { lane, type } of this.#lanes.values()) {
      const sum = (sums[type] ??= { ...NO_TROUBLES });
      for (const trouble of lane.troubles) sum[trouble]++;
    }
    return sums;
  }

  /** Waits until every lane is empty, or until the signal. @returns how many wakes were given up */
  async drain(signal: AbortSignal): Promise<number> {
    this.#isDraining = true;
    this.#cancelSweep?.();
    // One signal for each: thousands of lanes would hang as many listeners on one.
    const ends = [...this.#lanes.values()].map(({ lane }) => ({ lane, end: new AbortController() }));
    const endAll = (): void => ends.forEach(({ end }) => end.abort());
    signal.addEventListener('abort', endAll, { once: true });
    if (signal.aborted) endAll();
    const lost = await Promise.all(ends.map(({ lane, end }) => lane.drain(end.signal)));
    return lost.reduce((sum, count) => sum + count, this.#late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.closeProviders();
  }

  #lane(target: PushTarget): PushLane | undefined {
    const name = this.#options.laneOf(target);
    if (name === undefined) return undefined;
    if (!this.#lanes.has(name) && this.#lanes.size >= MAX_LANES) this.#freeIdle();
    const isFull = !this.#lanes.has(name) && this.#lanes.size >= MAX_LANES;
    return this.#open(isFull ? this.#sharedName(target) : name, target.type);
  }

  /** Whether nobody waits any more for what is sent to this device: the program stops, and its lane is empty or closed. */
  #isTooLate(target: PushTarget): boolean {
    const name = this.#options.laneOf(target);
    return name !== undefined && this.#lanes.get(name)?.lane.isClosed !== false;
  }

  #open(name: string, type: PushTarget['type']): PushLane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known.lane;
    const lane = this.#options.createLane(type, name);
    this.#lanes.set(name, { lane, type });
    this.#sweepLater();
    return lane;
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#options.schedule(IDLE_MS, () => {
      this.#cancelSweep = undefined;
      this.#freeIdle();
      if (this.#lanes.size > 0) this.#sweepLater();
    });
  }

  #freeIdle(): void {
    for (const [name, { lane }] of this.#lanes) if (lane.isIdle) this.#lanes.delete(name);
  }

  #sharedName({ type }: PushTarget): string {
    return `${type} ${SHARED_LANE}`;
  }

  #sums(of: (lane: PushLane) => number): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { lane, type } of this.#lanes.values()) sums[type] = (sums[type] ?? 0) + of(lane);
    return sums;
  }
}
