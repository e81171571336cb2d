import { MINUTE_MS } from '../basics/clock.ts';
import type { LaneHealth } from './lane-health.ts';
import type { LaneHost } from './lane.ts';
import { NO_TROUBLES, type LaneTroubles } from './lane-trouble.ts';
import type { Schedule } from '../basics/schedule.ts';

/** A host that has had nothing to do is given up after this, in milliseconds, with what was learnt of it. */
const IDLE_MS = 10 * MINUTE_MS;

export interface LaneHostsOptions {
  /** Hosts that are kept at once. */
  readonly most: number;
  readonly create: () => LaneHost;
  readonly schedule: Schedule;
}

/** The hosts of a lane that have something to do, or had until a while ago. */
export class LaneHosts {
  readonly #options: LaneHostsOptions;
  readonly #hosts = new Map<string, LaneHost>();
  #cancelSweep: (() => void) | undefined;

  constructor(options: LaneHostsOptions) {
    this.#options = options;
  }

  [Symbol.iterator](): Iterator<LaneHost> {
    return this.#hosts.values();
  }

  /** Hosts in use. */
  get count(): number {
    let count = 0;
    for (const { isInUse } of this.#hosts.values()) if (isInUse) count++;
    return count;
  }

  /** Whether the program may stop though wakes are queued for some. */
  get areStuck(): boolean {
    for (const { isStuck } of this.#hosts.values()) if (!isStuck) return false;
    return true;
  }

  /** How many hosts have which trouble. */
  get troubles(): LaneTroubles {
    const sum = { ...NO_TROUBLES };
    for (const { troubles } of this.#hosts.values()) for (const trouble of troubles) sum[trouble]++;
    return sum;
  }

  get(name: string): LaneHost | undefined {
    return this.#hosts.get(name);
  }

  /** Whether there is room for this host: idle hosts that have never delivered give way at once. */
  admits(name: string): boolean {
    if (this.#hosts.has(name) || this.#hosts.size < this.#options.most) return true;
    this.#freeIdle(({ isProven }) => !isProven);
    return this.#hosts.size < this.#options.most;
  }

  /** @returns the host, which is made where it is new; `undefined` where there is no room */
  of(name: string): LaneHost | undefined {
    const known = this.#hosts.get(name);
    if (known !== undefined || this.#hosts.size >= this.#options.most) return known;
    const host = this.#options.create();
    this.#hosts.set(name, host);
    this.#sweepLater();
    return host;
  }

  /**
   * Makes room by giving up hosts that have never delivered and are failing, those that came first; where there is none, hosts that
   * have delivered and are idle. A hundredth of all at a time, so that a flood of new hosts does not look through all of them for each.
   *
   * @returns the hosts for which wakes may wait
   */
  displace(): Set<LaneHost> {
    const displaced = new Set<LaneHost>();
    for (const [name, host] of this.#hosts) {
      if (displaced.size * 100 >= this.#options.most) break;
      if (host.health.standing !== 'failing' || host.sending > 0) continue;
      this.#hosts.delete(name);
      host.cancelAdvance?.();
      displaced.add(host);
    }
    if (displaced.size === 0) this.#freeIdle();
    return displaced;
  }

  /** No host is given up any more: the program stops. */
  close(): void {
    this.#cancelSweep?.();
    for (const host of this.#hosts.values()) host.cancelAdvance?.();
  }

  /** A single host, as that of FCM, is kept. */
  #sweepLater(): void {
    if (this.#hosts.size < 2) return;
    this.#cancelSweep ??= this.#options.schedule(IDLE_MS, () => {
      this.#cancelSweep = undefined;
      this.#freeIdle();
      this.#sweepLater();
    });
  }

  #freeIdle(mayGo: (health: LaneHealth) => boolean = () => true): void {
    for (const [name, { health, isIdle }] of this.#hosts)
      if (isIdle && mayGo(health)) this.#hosts.delete(name);
  }
}
