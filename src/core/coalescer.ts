import type { Clock } from './clock.ts';
import { Countdown } from './countdown.ts';
import type { Schedule } from './schedule.ts';
import type { TradePubkey } from './trade-pubkey.ts';
import { deviceOf, type PushTarget } from './push-target.ts';
import { worstEnd, type WakeEnd, type WakeRequest } from './wake-request.ts';

export interface CoalescerOptions {
  /** `BATCH_DELAY_MS`: how long events after a first one are gathered. */
  readonly batchDelayMs: number;
  /** `COOLDOWN_MS`: how long they are gathered after that. */
  readonly cooldownMs: number;
  readonly schedule: Schedule;
  /** Milliseconds from any moment on, by a clock that nobody sets. */
  readonly monotonic: Clock;
  /** Takes a wake to its lane. */
  readonly hand: (request: WakeRequest) => Promise<WakeEnd>;
  /** Told of a wake that is held back. */
  readonly onHeld?: (request: WakeRequest) => void;
}

/** A device that was woken not long ago: its WINDOW or COOLDOWN is running (contract 5). */
interface Active {
  readonly device: string;
  readonly kind: WakeRequest['kind'];
  /** What has come since the last wake, to be answered by one at the end. */
  held: Held | undefined;
}

interface Held {
  request: WakeRequest;
  readonly ends: ((end: Promise<WakeEnd>) => void)[];
}

/**
 * Wakes a device at once, and then not again before a while; whatever came meanwhile is answered by one wake at the end,
 * so that an event is always followed by one (contract 5: QUIET, WINDOW, COOLDOWN). A device that is QUIET is not kept here.
 * Relay wakes and chat wakes are apart, except that a relay wake that goes out takes a chat wake that is held with it.
 */
export class Coalescer {
  readonly #options: CoalescerOptions;
  readonly #active = { silent_wake: new Map<string, Active>(), chat_wake: new Map<string, Active>() };

  #isFlushed = false;

  readonly #windows: Countdown<Active>;
  readonly #cooldowns: Countdown<Active>;

  constructor(options: CoalescerOptions) {
    this.#options = options;
    const parts = { ...options, onOver: (active: Active) => this.#onEnd(active) };
    this.#windows = new Countdown({ ...parts, ms: options.batchDelayMs });
    this.#cooldowns = new Countdown({ ...parts, ms: options.cooldownMs });
  }

  /** Devices whose next wake would be held. */
  get size(): number {
    return this.#active.silent_wake.size + this.#active.chat_wake.size;
  }

  /** Whether a relay wake for the device is held that is for this key. */
  isHeld(device: string, key: TradePubkey): boolean {
    return this.#active.silent_wake.get(device)?.held?.request.keys.includes(key) === true;
  }

  request(request: WakeRequest): Promise<WakeEnd> {
    const { device } = request;
    // At a stop a wake may still come from a device that is left for this one.
    if (this.#isFlushed) return this.#options.hand(request);
    const active = this.#active[request.kind].get(device);
    if (active === undefined) {
      this.#begin(device, request.kind, this.#windows);
      return this.#send(device, request);
    }
    this.#options.onHeld?.(request);
    return new Promise((resolve) => {
      const { held } = active;
      if (held === undefined) active.held = { request: { ...request, wasHeld: true }, ends: [resolve] };
      else {
        held.request = joined(held.request, request);
        held.ends.push(resolve);
      }
    });
  }

  /** Begins with a WINDOW for a device that has a wake to get from before: events that come meanwhile are answered by the same. */
  hold(request: WakeRequest): void {
    const { device } = request;
    if (this.#active[request.kind].has(device)) return;
    const active = this.#begin(device, request.kind, this.#windows);
    active.held = { request: { ...request, wasHeld: true }, ends: [] };
  }

  /**
   * What is held for this key is for another device from now on, which is woken by the rules of that device.
   *
   * @returns how the wake at the other device ends; `undefined` where nothing is held for the key
   */
  move(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined {
    const moved = Object.values(this.#active).flatMap((kind) => {
      const active = kind.get(deviceOf(from));
      return active?.held?.request.keys.includes(key) === true
        ? [this.#moveHeld(active, active.held, key, to)]
        : [];
    });
    return moved.length === 0 ? undefined : Promise.all(moved).then(worstEnd);
  }

  /** Hands over all that is held, at once: the program stops. */
  flush(): void {
    this.#isFlushed = true;
    this.#windows.clear();
    this.#cooldowns.clear();
    for (const active of Object.values(this.#active)) {
      for (const [device, { held }] of active) {
        if (held === undefined) continue;
        const end = this.#send(device, held.request);
        for (const resolve of held.ends) resolve(end);
      }
      active.clear();
    }
  }

  #moveHeld(active: Active, { request, ends }: Held, key: TradePubkey, to: PushTarget): Promise<WakeEnd> {
    const moved = this.request({ ...request, target: to, device: deviceOf(to), keys: [key] });
    const keys = request.keys.filter((other) => other !== key);
    if (keys.length === 0) {
      active.held = undefined;
      for (const resolve of ends) resolve(moved);
      return moved;
    }
    // Nobody has noted which event was for which key: whoever waits is told when both wakes have ended.
    const both = ends.map(
      (resolve) => (end: Promise<WakeEnd>) => resolve(Promise.all([end, moved]).then(worstEnd)),
    );
    active.held = { request: { ...request, keys }, ends: both };
    return moved;
  }

  #begin(device: string, kind: WakeRequest['kind'], countdown: Countdown<Active>): Active {
    const active = { device, kind, held: undefined };
    this.#active[kind].set(device, active);
    countdown.begin(active);
    return active;
  }

  /** Takes the wake to its lane, and with a relay wake the chat wake that is held for the device. */
  #send(device: string, request: WakeRequest): Promise<WakeEnd> {
    const chat = request.kind === 'silent_wake' ? this.#active.chat_wake.get(device) : undefined;
    const held = chat?.held;
    if (chat === undefined || held === undefined) return this.#options.hand(request);
    chat.held = undefined;
    const end = this.#options.hand(joined(request, held.request));
    for (const resolve of held.ends) resolve(end);
    return end;
  }

  #onEnd({ device, held, kind }: Active): void {
    if (held === undefined) return void this.#active[kind].delete(device);
    this.#begin(device, kind, this.#cooldowns);
    const end = this.#send(device, held.request);
    for (const resolve of held.ends) resolve(end);
  }
}

/** One request in place of two for one device. */
function joined(a: WakeRequest, b: WakeRequest): WakeRequest {
  const keys = [...new Set([...a.keys, ...b.keys])];
  const since = Math.min(a.since ?? Infinity, b.since ?? Infinity);
  const priority = a.priority === 'live' ? a.priority : b.priority;
  return { ...a, keys, priority, ...(since !== Infinity && { since }) };
}
