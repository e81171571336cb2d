import type { Clock, Schedule } from '../basics/clock.ts';
import { Countdown } from '../basics/countdown.ts';
import type { DeviceWindow } from './device-window.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import { endWith, moveHeld, oweHeld, type HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import { WakeAllowance } from './wake-allowance.ts';
import { worstEnd, type WakeEnd } from '../lanes/wake.ts';
import type { WakePolicy } from './wake-policy.ts';
import {
  add,
  take,
  TAKES_ALONG,
  trackOf,
  TRACKS,
  type Active,
  type Phase,
  type WakeTrack,
} from './wake-track.ts';

/** Wakes that a device gets within an hour for unvouched events, at most. Chat announcements may cause as many more (contract 5). */
const UNVOUCHED_PER_HOUR = 30;

export interface CoalescerOptions {
  /** `BATCH_DELAY_MS`: how long events after a first one are gathered. */
  readonly batchDelayMs: number;
  /** `COOLDOWN_MS`: how long events are gathered after that. */
  readonly cooldownMs: number;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** Takes a wake to its lane. */
  readonly hand: (wake: KeyWake) => Promise<WakeEnd>;
  /** Asks for a wake at another device, to which a key has moved. If absent, that device has this policy too. */
  readonly redirect?: ((wake: KeyWake) => Promise<WakeEnd>) | undefined;
  /** Told of a wake that is held back. */
  readonly onHeld?: ((wake: KeyWake) => void) | undefined;
  /** Told of a wake that waits because its track has used up its allowance of the hour. */
  readonly onRationed?: ((wake: KeyWake, track: WakeTrack) => void) | undefined;
  /** Told of each wake that stops counting against its allowance early, because too many are counted. */
  readonly onUncounted?: (() => void) | undefined;
}

/**
 * The policy `prompt`: gives a device few wakes for many events (contract 5: QUIET, WINDOW, COOLDOWN). The wake for a first event goes at once. The wakes for
 * events in the WINDOW or COOLDOWN after it are held, and go as one wake at its end. So a wake comes after every event. A device that is
 * QUIET is not kept here.
 *
 * Vouched events are coalesced as if there were no others: nothing that a stranger sends delays them. A vouched wake begins a WINDOW for
 * unvouched events too, and these have an allowance for each hour.
 */
export class Coalescer implements WakePolicy {
  readonly #options: CoalescerOptions;
  readonly #active: Readonly<Record<WakeTrack, Map<string, Active>>> = {
    vouched: new Map(),
    unvouched: new Map(),
    chat: new Map(),
  };
  readonly #countdowns: Readonly<Record<'window' | 'cooldown', Countdown<Active>>>;
  readonly #allowances: Readonly<Record<WakeTrack, WakeAllowance | undefined>>;
  #isFlushed = false;

  constructor(options: CoalescerOptions) {
    this.#options = options;
    const { batchDelayMs, cooldownMs, monotonic, onUncounted: onDisplaced, schedule } = options;
    const onOver = (active: Active): void => this.#onEnd(active);
    this.#countdowns = {
      window: new Countdown({ ms: batchDelayMs, schedule, monotonic, onOver }),
      cooldown: new Countdown({ ms: cooldownMs, schedule, monotonic, onOver }),
    };
    const allowance = (track: WakeTrack): WakeAllowance => {
      const onRoom = (device: string): void => this.#onRoom(track, device);
      return new WakeAllowance({ perHour: UNVOUCHED_PER_HOUR, monotonic, schedule, onRoom, onDisplaced });
    };
    this.#allowances = {
      vouched: undefined,
      unvouched: allowance('unvouched'),
      chat: allowance('chat'),
    };
  }

  get size(): number {
    // A device on the vouched track is on the unvouched one too. Its chat wakes count once more.
    return this.#active.unvouched.size + this.#active.chat.size;
  }

  get counted(): number {
    return (this.#allowances.unvouched?.size ?? 0) + (this.#allowances.chat?.size ?? 0);
  }

  readonly areIndividual = true;

  groupOf(device: string): string {
    return device;
  }

  heeds(): boolean {
    return true;
  }

  /** A wake that is held on the unvouched track is too late for a vouched event. A chat wake answers no event. */
  isHeld(device: string, key: TradePubkey, isVouched = false): boolean {
    const holds = (track: WakeTrack): boolean =>
      this.#active[track].get(device)?.held?.wake.has(key) === true;
    return holds('vouched') || (!isVouched && holds('unvouched'));
  }

  isHeldUnvouched(device: string): boolean {
    return this.#active.unvouched.get(device)?.held !== undefined;
  }

  request(wake: KeyWake): Promise<WakeEnd> {
    // After the flush a wake may still follow its key from another device to this one.
    if (this.#isFlushed) return this.#options.hand(wake);
    const { device } = wake;
    const track = trackOf(wake);
    const active = this.#active[track].get(device);
    if (active === undefined && this.#hasRoom(track, device))
      return this.#send(track, { wake, ends: [] }, 'window');
    this.#options.onHeld?.(wake);
    if (active === undefined) this.#options.onRationed?.(wake, track);
    const waiting = active ?? this.#enter(track, device, 'rationed');
    return new Promise((resolve) => {
      const held = add(waiting, wake, [resolve]);
      // The wake may wait for an hour.
      if (waiting.phase === 'rationed') oweHeld(held);
    });
  }

  /** The owed wake waits for the end of what runs. Otherwise it begins a WINDOW, so that it answers the events within it too. */
  hold(wake: KeyWake): void {
    const { device } = wake;
    const track = trackOf(wake);
    add(this.#active[track].get(device) ?? this.#enter(track, device, 'window'), wake, []);
  }

  move(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined {
    const device = deviceOf(from);
    const moved = Object.values(this.#active).flatMap((actives) => {
      const active = actives.get(device);
      return active?.held?.wake.has(key) === true ? [this.#moveHeld(active, active.held, key, to)] : [];
    });
    return moved.length === 0 ? undefined : Promise.all(moved).then(worstEnd);
  }

  release(device: string): readonly HeldWake[] {
    return Object.values(this.#active).flatMap((actives) => {
      const active = actives.get(device);
      if (active?.held === undefined) return [];
      const { held } = active;
      this.#release(active);
      return [held];
    });
  }

  windowsOf(device: string): readonly DeviceWindow[] {
    const windows: DeviceWindow[] = [];
    for (const track of TRACKS) {
      const active = this.#active[track].get(device);
      if (active !== undefined && active.phase !== 'rationed') {
        const { phase } = active;
        const ms = this.#leftMs(active, phase);
        if (ms > 0) windows.push({ track, phase, ms });
      }
      for (const ms of this.#allowances[track]?.leftMs(device) ?? [])
        windows.push({ track, phase: 'counted', ms });
    }
    return windows;
  }

  *running(withinMs: number): Generator<string> {
    for (const track of TRACKS) {
      for (const { device, phase } of this.#active[track].values()) if (phase !== 'rationed') yield device;
      yield* this.#allowances[track]?.since(withinMs) ?? [];
    }
  }

  continueWindows(device: string, windows: readonly DeviceWindow[]): void {
    if (this.#isFlushed) return;
    const { monotonic, schedule } = this.#options;
    for (const track of TRACKS) {
      const counted = windows.filter((window) => window.track === track && window.phase === 'counted');
      this.#allowances[track]?.resume(
        device,
        counted.map(({ ms }) => ms),
      );
    }
    for (const { ms, phase, track } of windows) {
      if (phase === 'counted' || phase === 'suspect' || this.#active[track].has(device)) continue;
      const active: Active = { device, track, phase, held: undefined };
      const cancel = schedule(ms, () => {
        active.resumed = undefined;
        this.#onEnd(active);
      });
      active.resumed = { endsAt: monotonic() + ms, cancel };
      this.#active[track].set(device, active);
    }
  }

  /** Hands over at once all that is held. */
  async flush(): Promise<void> {
    this.#isFlushed = true;
    for (const countdown of Object.values(this.#countdowns)) countdown.clear();
    for (const allowance of Object.values(this.#allowances)) allowance?.clear();
    for (const actives of Object.values(this.#active)) {
      for (const { device, held, resumed, track } of actives.values()) {
        actives.delete(device);
        resumed?.cancel();
        if (held !== undefined) void this.#hand(track, held);
      }
    }
  }

  #leftMs(active: Active, phase: 'window' | 'cooldown'): number {
    const { resumed } = active;
    if (resumed !== undefined) return resumed.endsAt - this.#options.monotonic();
    return this.#countdowns[phase].leftMs(active) ?? 0;
  }

  #moveHeld(active: Active, held: HeldWake, key: TradePubkey, to: PushTarget): Promise<WakeEnd> {
    const { redirect = (wake: KeyWake) => this.request(wake) } = this.#options;
    const { left, moved } = moveHeld(held, key, to, redirect);
    if (left === undefined) this.#release(active);
    else active.held = left;
    return moved;
  }

  /** Begins a phase of a device's track. */
  #enter(track: WakeTrack, device: string, phase: Phase): Active {
    const active = this.#active[track].get(device) ?? { device, track, phase, held: undefined };
    this.#active[track].set(device, active);
    active.phase = phase;
    active.resumed?.cancel();
    active.resumed = undefined;
    this.#countdowns.window.remove(active);
    this.#countdowns.cooldown.remove(active);
    if (phase !== 'rationed') this.#countdowns[phase].begin(active);
    return active;
  }

  /** Hands a wake over, and begins the phase that holds back the wakes after it. */
  #send(track: WakeTrack, held: HeldWake, phase: 'window' | 'cooldown'): Promise<WakeEnd> {
    const { device } = held.wake;
    this.#enter(track, device, phase);
    if (track === 'vouched') this.#enter('unvouched', device, this.#phaseBeside(phase, device));
    this.#allowances[track]?.count(device);
    return this.#hand(track, held);
  }

  /** The phase that a vouched wake begins on the unvouched track: the longer one of the vouched track's phase and the phase that it replaces. */
  #phaseBeside(phase: 'window' | 'cooldown', device: string): 'window' | 'cooldown' {
    const { batchDelayMs, cooldownMs } = this.#options;
    const isCooling = this.#active.unvouched.get(device)?.phase === 'cooldown';
    return isCooling && cooldownMs > batchDelayMs ? 'cooldown' : phase;
  }

  /** Takes the wake to its lane, together with what is held on the tracks that it takes along. */
  #hand(track: WakeTrack, { ends, wake }: HeldWake): Promise<WakeEnd> {
    for (const other of TAKES_ALONG[track]) {
      const active = this.#active[other].get(wake.device);
      if (active?.held === undefined) continue;
      wake.absorb(active.held.wake);
      ends.push(...active.held.ends);
      this.#release(active);
    }
    const end = this.#options.hand(wake);
    endWith({ ends }, end);
    return end;
  }

  /** Takes away the wake that was held on this track: another wake answers its events. */
  #release(active: Active): void {
    active.held = undefined;
    // This phase has no countdown that would end it.
    if (active.phase === 'rationed') this.#active[active.track].delete(active.device);
  }

  #onEnd(active: Active): void {
    const { device, held, track } = active;
    if (held === undefined) this.#active[track].delete(device);
    else if (this.#hasRoom(track, device)) void this.#send(track, take(active), 'cooldown');
    else {
      this.#enter(track, device, 'rationed');
      this.#options.onRationed?.(held.wake, track);
      oweHeld(held);
    }
  }

  #hasRoom(track: WakeTrack, device: string): boolean {
    return this.#allowances[track]?.hasRoom(device) !== false;
  }

  #onRoom(track: WakeTrack, device: string): void {
    const active = this.#active[track].get(device);
    if (active?.phase === 'rationed') void this.#send(track, take(active), 'cooldown');
  }
}
