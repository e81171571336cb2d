import type { Schedule } from '../basics/clock.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import type { PushService } from '../registry/push-target.ts';
import { endWith, type HeldWake } from './held-wake.ts';

/** Wakes that leave in one turn of the event loop: some milliseconds of work. A hundred thousand devices may be due at one edge. */
const AT_ONCE = 256;
/** While a push service has no room, it is asked again after so long. It sends a few dozen wakes meanwhile. */
const NO_ROOM_MS = 5;

export interface BurstOptions {
  readonly schedule: Schedule;
  /** A random whole number from 0 to `below` less one. It must be unpredictable: the order of a burst must not tell in which order wakes became due. */
  readonly draw: (below: number) => number;
  /** Takes a wake to its lane. */
  readonly hand: (wake: Wake) => Promise<WakeEnd>;
  /** How many more wakes the lanes of a push service should get now, so that other wakes need not wait behind a whole burst; any number if absent. */
  readonly room?: ((service: PushService) => number) | undefined;
}

/** The wakes that have to leave, by device, in their order. Each push service has a line of its own: one that is down keeps no other waiting. */
type Lines = Map<PushService, Map<string, HeldWake>>;

/** Wakes that leave together, in a random order. A device has one wake in it. */
export class Burst {
  readonly #options: BurstOptions;
  readonly #lines: Lines = new Map();
  #isLeaving = false;
  #isHurried = false;
  #onLeft: (() => void) | undefined;

  constructor(options: BurstOptions) {
    this.#options = options;
  }

  /** How many wakes have not left yet. */
  get size(): number {
    let size = 0;
    for (const { size: waiting } of this.#lines.values()) size += waiting;
    return size;
  }

  /** Lets these wakes leave. Those of devices that have not left since an earlier call are one with the earlier ones. */
  add(wakes: HeldWake[]): void {
    this.#shuffle(wakes);
    for (const held of wakes) this.#line(held.wake.target.type, held);
    if (!this.#isLeaving) this.#leave();
  }

  /** Lets all wakes leave now, whether there is room or not. Resolves when they have left. */
  async hurry(): Promise<void> {
    this.#isHurried = true;
    if (this.#isLeaving) await new Promise<void>((resolve) => (this.#onLeft = resolve));
  }

  #line(service: PushService, held: HeldWake): void {
    const line = this.#lines.get(service) ?? new Map<string, HeldWake>();
    this.#lines.set(service, line);
    const earlier = line.get(held.wake.device);
    if (earlier === undefined) return void line.set(held.wake.device, held);
    earlier.wake.absorb(held.wake);
    earlier.ends.push(...held.ends);
  }

  #leave(): void {
    let left = 0;
    for (const [service, line] of this.#lines) {
      const room = this.#isHurried ? Infinity : (this.#options.room?.(service) ?? Infinity);
      left += this.#leaveFrom(line, Math.min(AT_ONCE, room));
      if (line.size === 0) this.#lines.delete(service);
    }
    this.#isLeaving = this.#lines.size > 0;
    if (this.#isLeaving) this.#options.schedule(left > 0 ? 0 : NO_ROOM_MS, () => this.#leave());
    else this.#onLeft?.();
  }

  /** @returns how many wakes have left */
  #leaveFrom(line: Map<string, HeldWake>, most: number): number {
    let left = 0;
    for (const [device, { ends, wake }] of line) {
      if (left >= most) break;
      left++;
      line.delete(device);
      endWith({ ends }, this.#options.hand(wake));
    }
    return left;
  }

  /** Fisher and Yates: every order is equally likely. */
  #shuffle(wakes: HeldWake[]): void {
    for (let last = wakes.length - 1; last > 0; last--) {
      const other = this.#options.draw(last + 1);
      [wakes[last], wakes[other]] = [wakes[other] as HeldWake, wakes[last] as HeldWake];
    }
  }
}
