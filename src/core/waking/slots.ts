import type { Schedule } from '../basics/clock.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import { endWith, moveHeld, oweHeld, type HeldWake } from './held-wake.ts';
import { KeyWake } from './key-wake.ts';
import type { SlotEdges } from './slot-edges.ts';
import type { WakePolicy } from './wake-policy.ts';

/** Wakes that leave in one turn of the event loop: some milliseconds of work. A hundred thousand devices may be due at one edge. */
const AT_ONCE = 256;

export interface SlotsOptions {
  readonly edges: SlotEdges;
  readonly schedule: Schedule;
  /** A random whole number from 0 to `below` less one. It must be unpredictable: the order of a burst must not tell in which order wakes became due. */
  readonly draw: (below: number) => number;
  /** Takes a wake to its lane. */
  readonly hand: (wake: Wake) => Promise<WakeEnd>;
  /** Asks for a wake at another device, to which a key has moved. If absent, that device has this policy too. */
  readonly redirect?: ((wake: KeyWake) => Promise<WakeEnd>) | undefined;
  /** The wakes that leave together with those that are due, by device. None of them is for a device that is due. */
  readonly companions?: ((due: ReadonlyMap<string, KeyWake>) => Iterable<Wake>) | undefined;
  /** Told of a wake that is held until the edge. */
  readonly onHeld?: ((wake: KeyWake) => void) | undefined;
  /** Told at each edge at which wakes leave. @param lateMs how late the burst begins @param count how many wakes leave */
  readonly onBurst?: ((lateMs: number, count: number) => void) | undefined;
}

/**
 * The policy `slots` (contract 9): a wake waits for the next edge, and all wakes that are due there leave in a burst, in a random order. So
 * the time of a push tells no more of the time of its event than the slot. A device has one wake in a burst.
 */
export class Slots implements WakePolicy {
  readonly #options: SlotsOptions;
  /** The wakes that leave at the next edge, by device. */
  #due = new Map<string, HeldWake>();
  /** The rest of the burst that is leaving, in its order. */
  readonly #leaving = new Map<string, HeldWake<Wake>>();
  #isLeaving = false;
  #onLeft: (() => void) | undefined;
  #isFlushed = false;
  readonly #onEdge = (lateMs: number): void => this.#burst(lateMs);

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** No device has an allowance. */
  readonly counted = 0;

  get size(): number {
    return this.#due.size + this.#leaving.size;
  }

  isHeld(device: string, key: TradePubkey): boolean {
    if (this.#due.get(device)?.wake.has(key) === true) return true;
    const leaving = this.#leaving.get(device)?.wake;
    return leaving instanceof KeyWake && leaving.has(key);
  }

  /** No event brings a wake forward. */
  isHeldUnvouched(): boolean {
    return false;
  }

  request(wake: KeyWake): Promise<WakeEnd> {
    if (this.#isFlushed) return this.#afterFlush(wake);
    this.#options.onHeld?.(wake);
    return new Promise((resolve) => this.#add(wake, [resolve]));
  }

  hold(wake: KeyWake): void {
    this.#add(wake, []);
  }

  move(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined {
    const device = deviceOf(from);
    const held = this.#due.get(device);
    if (held?.wake.has(key) !== true) return undefined;
    const { redirect = (wake: KeyWake) => this.request(wake) } = this.#options;
    const { left, moved } = moveHeld(held, key, to, redirect);
    if (left === undefined) this.#due.delete(device);
    else this.#due.set(device, left);
    return moved;
  }

  /**
   * If the next edge comes in time, the wakes leave there. Otherwise a record keeps them over the restart, and they leave at an edge
   * after it. Without a record they leave in a burst at once, because no wake may be lost.
   */
  async flush(withinMs: number): Promise<void> {
    const { edges } = this.#options;
    if (this.#due.size > 0) {
      if (edges.nextInMs <= withinMs) await new Promise<unknown>((resolve) => edges.next(resolve));
      else this.#giveUp();
    }
    edges.clear();
    this.#isFlushed = true;
    if (this.#isLeaving) await new Promise<void>((resolve) => (this.#onLeft = resolve));
  }

  #add(wake: KeyWake, ends: HeldWake['ends']): void {
    wake.wasHeld = true;
    const held = this.#due.get(wake.device);
    if (held !== undefined) {
      held.wake.absorb(wake);
      held.ends.push(...ends);
      return;
    }
    const leaving = this.#leaving.get(wake.device);
    if (leaving !== undefined) {
      // It has not left, so it answers this event, too.
      this.#leaving.set(wake.device, {
        wake: leaving.wake.with(equal(wake)),
        ends: [...leaving.ends, ...ends],
      });
      return;
    }
    this.#due.set(wake.device, { wake, ends });
    if (this.#due.size === 1) this.#options.edges.next(this.#onEdge);
  }

  #giveUp(): void {
    for (const [device, held] of this.#due) if (oweHeld(held)) this.#due.delete(device);
    if (this.#due.size > 0) this.#burst(0);
  }

  /** All wakes that are due, and their companions, begin to leave. */
  #burst(lateMs: number): void {
    const { companions, onBurst } = this.#options;
    const due = this.#due;
    this.#due = new Map();
    const burst: HeldWake<Wake>[] = [];
    const wakes = new Map<string, KeyWake>();
    for (const [device, held] of due) {
      burst.push(held);
      wakes.set(device, equal(held.wake));
    }
    // A burst of many thousands may still be leaving: its wakes stand for those of this edge.
    for (const wake of companions?.(wakes) ?? [])
      if (!this.#leaving.has(wake.device)) burst.push({ wake, ends: [] });
    this.#shuffle(burst);
    for (const held of burst) this.#leaving.set(held.wake.device, held);
    onBurst?.(lateMs, burst.length);
    if (!this.#isLeaving) this.#leave();
  }

  #leave(): void {
    const { hand, schedule } = this.#options;
    let left = 0;
    for (const [device, { ends, wake }] of this.#leaving) {
      if (left++ === AT_ONCE) {
        this.#isLeaving = true;
        schedule(0, () => this.#leave());
        return;
      }
      this.#leaving.delete(device);
      endWith({ ends }, hand(wake));
    }
    this.#isLeaving = false;
    this.#onLeft?.();
  }

  /** Fisher and Yates: every order is equally likely. */
  #shuffle(burst: HeldWake<Wake>[]): void {
    for (let last = burst.length - 1; last > 0; last--) {
      const other = this.#options.draw(last + 1);
      [burst[last], burst[other]] = [burst[other] as HeldWake<Wake>, burst[last] as HeldWake<Wake>];
    }
  }

  /** A wake may still follow its key from another device to this one. */
  #afterFlush(wake: KeyWake): Promise<WakeEnd> {
    return wake.onOwed() ? Promise.resolve('owed') : this.#options.hand(equal(wake));
  }
}

/** Makes the wake like every other one in what its lane and its push service can see. */
function equal(wake: KeyWake): KeyWake {
  wake.isUniform = true;
  return wake;
}
