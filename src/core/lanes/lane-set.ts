import { MINUTE_MS, type Schedule } from '../basics/clock.ts';
import type { LaneHealth } from './lane-health.ts';
import { NO_TROUBLES, type Lane, type LaneTroubles } from './lane.ts';

/** How long a lane is kept that has nothing to do. What was learnt of its push server is given up with it. */
const IDLE_MS = 10 * MINUTE_MS;

export interface LaneSetOptions {
  /** Lanes that are kept at once. */
  readonly most: number;
  readonly create: (name: string) => Lane;
  readonly schedule: Schedule;
}

/** The lanes of one provider, by name, that have something to do or had so not long ago. */
export class LaneSet {
  readonly #options: LaneSetOptions;
  readonly #lanes = new Map<string, Lane>();
  #cancelSweep: (() => void) | undefined;

  constructor(options: LaneSetOptions) {
    this.#options = options;
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#lanes.values();
  }

  /** Lanes in use. */
  get count(): number {
    let count = 0;
    for (const { isInUse } of this.#lanes.values()) if (isInUse) count++;
    return count;
  }

  /** No lane can send a wake now, so the program may stop. */
  get areStuck(): boolean {
    for (const { isStuck } of this.#lanes.values()) if (!isStuck) return false;
    return true;
  }

  /** How many lanes have which trouble. */
  get troubles(): LaneTroubles {
    const sum = { ...NO_TROUBLES };
    for (const { troubles } of this.#lanes.values()) for (const trouble of troubles) sum[trouble]++;
    return sum;
  }

  get(name: string): Lane | undefined {
    return this.#lanes.get(name);
  }

  /** Whether there is room for this lane. Idle lanes that have never delivered make room at once. */
  admits(name: string): boolean {
    if (this.#lanes.has(name) || this.#lanes.size < this.#options.most) return true;
    this.#freeIdle(({ isProven }) => !isProven);
    return this.#lanes.size < this.#options.most;
  }

  /** @returns the lane, which is made if it is new; `undefined` if there is no room */
  of(name: string): Lane | undefined {
    const known = this.#lanes.get(name);
    if (known !== undefined || this.#lanes.size >= this.#options.most) return known;
    const lane = this.#options.create(name);
    this.#lanes.set(name, lane);
    this.#sweepLater();
    return lane;
  }

  /**
   * Makes room. Lanes that have never delivered and are failing are given up, the oldest first. If there are none, idle lanes that have
   * delivered are given up. A hundredth of all lanes at a time: a flood of new lanes must not look through all lanes for each of them.
   *
   * @returns the lanes in which wakes may wait
   */
  displace(): Set<Lane> {
    const displaced = new Set<Lane>();
    for (const [name, lane] of this.#lanes) {
      if (displaced.size * 100 >= this.#options.most) break;
      if (lane.health.standing !== 'failing' || lane.sending > 0) continue;
      this.#lanes.delete(name);
      lane.cancelAdvance?.();
      displaced.add(lane);
    }
    if (displaced.size === 0) this.#freeIdle();
    return displaced;
  }

  /** The program stops: no lane is given up any more, and no timer is left. */
  close(): void {
    this.#cancelSweep?.();
    for (const lane of this.#lanes.values()) lane.cancelAdvance?.();
  }

  /** Looks for idle lanes after a while. A single lane, such as FCM's, is never given up. */
  #sweepLater(): void {
    if (this.#lanes.size < 2) return;
    this.#cancelSweep ??= this.#options.schedule(IDLE_MS, () => {
      this.#cancelSweep = undefined;
      this.#freeIdle();
      this.#sweepLater();
    });
  }

  #freeIdle(mayGo: (health: LaneHealth) => boolean = () => true): void {
    for (const [name, { health, isIdle }] of this.#lanes)
      if (isIdle && mayGo(health)) this.#lanes.delete(name);
  }
}
