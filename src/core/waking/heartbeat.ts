import { SECOND_MS, type Clock, type Schedule } from '../basics/clock.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';
import type { WakePolicy } from './wake-policy.ts';

/** Phases are a second apart, or nearer where an interval would have fewer of them than this. */
const LEAST_PHASES = 60;

export interface HeartbeatOptions {
  /** `WAKE_HEARTBEAT_MINUTES`, in milliseconds. */
  readonly intervalMs: number;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** A random whole number from 0 to `below` less one, which nobody can predict. */
  readonly draw: (below: number) => number;
  /** Takes a wake to its lane. */
  readonly hand: (wake: Wake) => Promise<WakeEnd>;
  /** A wake for the keys that point at the device; `undefined` if there are none. */
  readonly wakeFor: (target: PushTarget) => KeyWake | undefined;
  /** Asks for a wake at another device, to which a key has moved. If absent, that device has this policy too. */
  readonly redirect?: ((wake: KeyWake) => Promise<WakeEnd>) | undefined;
  /** Absent if this server is alone. */
  readonly common?: CommonBeat | undefined;
}

/** What makes the servers of a fleet agree on the beats of a device, whichever of them wakes it. */
export interface CommonBeat {
  /** The place of the device on the wheel: 0 to 1, without 1. No outsider can predict it. */
  readonly placeOf: (device: string) => number;
  /** The time of day, in milliseconds. */
  readonly clock: Clock;
}

/**
 * The policy `heartbeat` (contract 9): each device is woken once in an interval, at a phase of its own that is drawn at random. No event
 * and no call changes when, so the times of pushes tell nothing. Every wake answers all events since the one before it.
 *
 * The phases are the places of a wheel, which makes one turn in an interval. It turns by the monotonic clock, and only while a device is
 * on it. A phase is drawn anew when a device enters the wheel, also after a restart. In a fleet the phases and the turns are common to all servers.
 */
export class Heartbeat implements WakePolicy {
  readonly #options: HeartbeatOptions;
  readonly #phases: number;
  readonly #phaseMs: number;
  /** By phase, the devices that are woken at it. */
  readonly #wheel: (Map<string, PushTarget> | undefined)[] = [];
  readonly #phaseOf = new Map<string, number>();
  /** When the wheel began to turn, by the monotonic clock. */
  #startedAt = 0;
  /** Phases since then, over all turns, whose devices have been woken. */
  #passed = 0;
  #cancel: (() => void) | undefined;
  #isFlushed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#phases = Math.max(LEAST_PHASES, Math.round(options.intervalMs / SECOND_MS));
    this.#phaseMs = options.intervalMs / this.#phases;
  }

  readonly counted = 0;

  get size(): number {
    return this.#phaseOf.size;
  }

  has(device: string): boolean {
    return this.#phaseOf.has(device);
  }

  /** From now on the device is woken in every interval, until no key points at it. Does nothing if it is so already. */
  enter(target: PushTarget): void {
    const device = deviceOf(target);
    if (this.#isFlushed || this.#phaseOf.has(device)) return;
    const phase = this.#drawPhase(device);
    this.#phaseOf.set(device, phase);
    (this.#wheel[phase] ??= new Map()).set(device, target);
    if (this.#cancel !== undefined) return;
    this.#start();
    this.#turn();
  }

  /** The device gets another policy: it is woken a last time, for the events since the last beat. */
  leave(target: PushTarget): void {
    if (this.remove(deviceOf(target))) this.#wake(target);
  }

  /** The program stops before the device got its other policy: a record keeps its last wake over the restart, or it leaves now. */
  leaveAtStop(target: PushTarget): void {
    if (this.remove(deviceOf(target)) && this.#options.wakeFor(target)?.onOwed() === false)
      this.#wake(target);
  }

  /** Takes the device from the wheel. @returns whether it was there */
  remove(device: string): boolean {
    const phase = this.#phaseOf.get(device);
    if (phase === undefined) return false;
    this.#phaseOf.delete(device);
    this.#wheel[phase]?.delete(device);
    if (this.#phaseOf.size === 0) this.#stop();
    return true;
  }

  /** The next beat answers the event. */
  async request(): Promise<WakeEnd> {
    return 'sent';
  }

  /** The next beat pays the owed wake. */
  hold(): void {}

  groupOf(device: string): string {
    return device;
  }

  heeds(): boolean {
    return false;
  }

  isHeld(): boolean {
    return true;
  }

  isHeldUnvouched(): boolean {
    return false;
  }

  release(): readonly HeldWake[] {
    return [];
  }

  /** The next beat of the former device would have answered the key's events. The other device is woken for them instead. */
  move(_key: TradePubkey, _from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined {
    const { redirect, wakeFor } = this.#options;
    const wake = redirect === undefined ? undefined : wakeFor(to);
    return wake === undefined ? undefined : redirect?.(wake);
  }

  /** Ends all beats. The program that starts next begins new ones. */
  async flush(): Promise<void> {
    this.#isFlushed = true;
    this.#stop();
    this.#phaseOf.clear();
    this.#wheel.length = 0;
  }

  #drawPhase(device: string): number {
    const { common, draw } = this.#options;
    return common === undefined ? draw(this.#phases) : Math.floor(common.placeOf(device) * this.#phases);
  }

  #start(): void {
    const { common, intervalMs, monotonic } = this.#options;
    const intoTurn = common === undefined ? 0 : common.clock() % intervalMs;
    this.#startedAt = monotonic() - intoTurn;
    this.#passed = Math.floor(intoTurn / this.#phaseMs);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #turn(): void {
    const { monotonic, schedule } = this.#options;
    const at = this.#startedAt + (this.#passed + 1) * this.#phaseMs;
    this.#cancel = schedule(Math.max(0, at - monotonic()), () => this.#onTimer());
  }

  #onTimer(): void {
    const now = (this.#options.monotonic() - this.#startedAt) / this.#phaseMs;
    // If the process stood still for longer than a turn, each device is woken once for it.
    this.#passed = Math.max(this.#passed, Math.floor(now) - this.#phases);
    while (this.#passed + 1 <= now) {
      const phase = this.#passed++ % this.#phases;
      for (const [device, target] of this.#wheel[phase] ?? []) if (!this.#wake(target)) this.remove(device);
    }
    if (this.#phaseOf.size > 0) this.#turn();
  }

  /** @returns whether a key still points at the device */
  #wake(target: PushTarget): boolean {
    const { hand, wakeFor } = this.#options;
    const wake = wakeFor(target);
    if (wake === undefined) return false;
    wake.wasHeld = true;
    wake.isUniform = true;
    void hand(wake);
    return true;
  }
}
