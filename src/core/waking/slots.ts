import type { WakeEnd } from '../lanes/wake.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import { Burst, type BurstOptions } from './burst.ts';
import { moveHeld, oweHeld, type HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';
import type { SlotEdges } from './slot-edges.ts';
import type { WakePolicy } from './wake-policy.ts';

export interface SlotsOptions extends BurstOptions {
  readonly edges: SlotEdges;
  /** Asks for a wake at another device, to which a key has moved. If absent, that device has this policy too. */
  readonly redirect?: ((wake: KeyWake) => Promise<WakeEnd>) | undefined;
  /** Adds to the wakes that are due, by device, those that leave together with them. If absent, these are all. @returns all wakes of the burst */
  readonly complete?: ((due: ReadonlyMap<string, KeyWake>) => Iterable<KeyWake>) | undefined;
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
  readonly #burst: Burst;
  #isFlushed = false;
  readonly #onEdge = (lateMs: number): void => this.#begin(lateMs);

  constructor(options: SlotsOptions) {
    this.#options = options;
    const { draw, hand, room, schedule } = options;
    this.#burst = new Burst({ draw, hand, room, schedule });
  }

  /** No device has an allowance. */
  readonly counted = 0;

  get size(): number {
    return this.#due.size + this.#burst.size;
  }

  readonly areIndividual = true;

  groupOf(device: string): string {
    return device;
  }

  heeds(): boolean {
    return true;
  }

  /** A wake that is leaving is not held: whether the wake of a device has left must not decide whether another burst follows. */
  isHeld(device: string, key: TradePubkey): boolean {
    return this.#due.get(device)?.wake.has(key) === true;
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

  release(device: string): readonly HeldWake[] {
    const held = this.#due.get(device);
    this.#due.delete(device);
    return held === undefined ? [] : [held];
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
    edges.forget(this.#onEdge);
    this.#isFlushed = true;
    await this.#burst.hurry();
  }

  #add(wake: KeyWake, ends: HeldWake['ends']): void {
    wake.wasHeld = true;
    const held = this.#due.get(wake.device);
    if (held !== undefined) {
      held.wake.absorb(wake);
      held.ends.push(...ends);
      return;
    }
    this.#due.set(wake.device, { wake, ends });
    if (this.#due.size === 1) this.#options.edges.next(this.#onEdge);
  }

  #giveUp(): void {
    for (const [device, held] of this.#due) if (oweHeld(held)) this.#due.delete(device);
    if (this.#due.size > 0) this.#begin(0);
  }

  /** All wakes that are due, and those that leave together with them, begin to leave. */
  #begin(lateMs: number): void {
    const { complete, onBurst } = this.#options;
    const due = this.#due;
    // All that was due may have gone to another device or policy.
    if (due.size === 0) return;
    this.#due = new Map();
    const wakes = new Map([...due.values()].map(({ wake }) => [wake.device, wake]));
    const burst: HeldWake[] = [];
    for (const wake of complete?.(wakes) ?? wakes.values())
      burst.push({ wake: equal(wake), ends: due.get(wake.device)?.ends ?? [] });
    onBurst?.(lateMs, burst.length);
    this.#burst.add(burst);
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
