import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { KnownDevice, PutResult, RegistrationStore } from './registration-store.ts';
import { deviceOf, isSameDevice, type Platform, type PushTarget } from './push-target.ts';
import { expiryOf, type Lifetime, type Registration, type RegistrationCounts } from './registration.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Correction } from '../basics/trusted-clock.ts';
import type { TradePubkey } from './trade-pubkey.ts';
import type { Whereabouts } from './whereabouts.ts';

/** A full store is swept before a registration is displaced, but at most once in this time: a sweep reads every registration. */
const SWEEP_WHEN_FULL_MS = MINUTE_MS;

export interface RegistrationsOptions {
  readonly store: RegistrationStore;
  readonly lifetime: Lifetime;
  /** The time of day. */
  readonly clock: Clock;
  /** Measures waits, in milliseconds. */
  readonly monotonic: Clock;
  /** Whether the time of day is trusted. While it is not, nothing expires (contract 5). */
  readonly mayExpire: () => boolean;
  readonly telemetry: Telemetry;
  /** Whether a signed registration is owned. Not with `REGISTRATION_AUTH=off`: an app that signed before could not register again. */
  readonly ownership: boolean;
  /** Called before a device is registered, for the first time or again. A device that registers is in use. */
  readonly onRegister?: ((device: PushTarget) => void) | undefined;
  /** Called after a registration was kept. @param former the device that the key pointed at before, if it was another one */
  readonly onKept?: ((registration: Registration, former: PushTarget | undefined) => void) | undefined;
  /** Called after each sweep: expired registrations have left the store. */
  readonly onSwept?: (() => void) | undefined;
  /** Called after registrations of the device were removed: it is gone, a client asked for it, or they were displaced. Not when they have expired. */
  readonly onRemoved?: ((device: PushTarget) => void) | undefined;
  /** Called after a key moved from one device to another: its waiting wakes go to the new device (contract 5). */
  readonly onMoved?: ((key: TradePubkey, from: PushTarget, to: PushTarget) => void) | undefined;
}

/** The parts of a request that say who makes it. */
type Requester = Partial<Pick<Registration, 'signed' | 'network'>>;

/** The rules of registrations: how long they live, what renews them, and what ends them. The store keeps them. */
export class Registrations {
  readonly #store: RegistrationStore;
  readonly #lifetime: Lifetime;
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  readonly #mayExpire: () => boolean;
  readonly #telemetry: Telemetry;
  readonly #ownership: boolean;
  readonly #onRegister: RegistrationsOptions['onRegister'];
  readonly #onKept: RegistrationsOptions['onKept'];
  readonly #onSwept: RegistrationsOptions['onSwept'];
  readonly #onRemoved: RegistrationsOptions['onRemoved'];
  readonly #onMoved: RegistrationsOptions['onMoved'];
  #lastSweep: number;
  #sweeping: Promise<void> | undefined;

  constructor(options: RegistrationsOptions) {
    this.#store = options.store;
    this.#lifetime = options.lifetime;
    this.#clock = options.clock;
    this.#monotonic = options.monotonic;
    this.#mayExpire = options.mayExpire;
    this.#telemetry = options.telemetry;
    this.#ownership = options.ownership;
    this.#onRegister = options.onRegister;
    this.#onKept = options.onKept;
    this.#onSwept = options.onSwept;
    this.#onRemoved = options.onRemoved;
    this.#onMoved = options.onMoved;
    this.#lastSweep = options.monotonic();
  }

  /** Whether the key in the text may be registered. Every frame of every relay asks this. */
  mayContainAt(text: Uint8Array, from: number): boolean {
    return this.#store.mayContainAt(text, from);
  }

  /** Whether the key can be registered now. A cheap question, asked before a token is opened. A full store is swept first. */
  admits(tradePubkey: TradePubkey, { signed = false, network }: Requester = {}): boolean | Promise<boolean> {
    const isAdmitted = (): boolean =>
      this.#store.admits(tradePubkey, { signed, network, now: this.#clock() });
    return this.#isSweepDue() ? this.sweep().then(isAdmitted) : isAdmitted();
  }

  /**
   * Points the key at a device, instead of its former device, and starts its time to live.
   *
   * @param options.signed whether the request is signed with the key. Then the key owns the registration (contract 1.3)
   * @param options.network the network of the client
   * @param options.instance the Mostro instance that this request names. A request that names none removes a former one
   * @param options.isConversation whether this request says that the key is a chat's
   * @param options.wakePolicy the wake policy that this request asks for
   */
  async register(
    tradePubkey: TradePubkey,
    target: PushTarget,
    platform: Platform,
    {
      signed = false,
      network,
      ...named
    }: Requester & Pick<Registration, 'instance' | 'isConversation' | 'wakePolicy'> = {},
  ): Promise<PutResult> {
    if (this.#isSweepDue()) await this.sweep();
    const now = this.#clock();
    const expiresAt = expiryOf(now, now, this.#lifetime);
    const registration = {
      tradePubkey,
      target,
      platform,
      registeredAt: now,
      expiresAt,
      woken: false,
      signed,
      ...(network !== undefined && { network }),
      ...named,
    };
    const current = await this.#store.find(tradePubkey);
    const former = current?.target;
    if (!this.#ownership && current?.signed === true)
      await this.#store.remove(tradePubkey, { signed: true, now });
    // Before the store has it: the answer to an attempt that is under way must not evict the new registration.
    this.#onRegister?.(target);
    // While the time of day is not trusted, no ownership ends. All other cases are judged by the store, which takes the same time for each.
    const isOwned =
      !signed &&
      this.#ownership &&
      current?.signed === true &&
      current.expiresAt <= now &&
      !this.#mayExpire();
    const result = isOwned ? 'owned' : await this.#store.put(registration, this.#onRemoved);
    if (result === 'displaced') this.#telemetry.count('registrations_displaced');
    if (result === 'owned') this.#telemetry.count('registrations_defended');
    const isKept = result === 'stored' || result === 'displaced';
    if (isKept) await this.#noteKept(tradePubkey, former);
    this.#telemetry.log(isKept ? 'registration.stored' : 'registration.refused', () => ({
      key: this.#telemetry.pseudonym(tradePubkey),
      provider: target.type,
      ...(!isKept && { reason: result }),
    }));
    return result;
  }

  /** @returns whether the key was registered and has been removed */
  async unregister(tradePubkey: TradePubkey, { signed = false } = {}): Promise<boolean> {
    // While the time of day is not trusted, no ownership ends. At the epoch, none has ended yet.
    const now = this.#mayExpire() ? this.#clock() : 0;
    const request = { signed: signed || !this.#ownership, now, onRemoved: this.#onRemoved };
    const removed = await this.#store.remove(tradePubkey, request);
    if (removed)
      this.#telemetry.log('registration.removed', () => ({ key: this.#telemetry.pseudonym(tradePubkey) }));
    return removed;
  }

  /** The key's registration, unless its time to live is over. */
  async find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const registration = await this.#store.find(tradePubkey);
    return registration !== undefined && this.#mayEnd(registration) ? undefined : registration;
  }

  /** The device of the key's registration, even if its time to live is over. Synchronous and cheap. */
  /** The lot of the device of the key in the text, if the key is registered. Only in a fleet. */
  lotAt(text: Uint8Array, from: number): number | undefined {
    return this.#store.lotAt?.(text, from);
  }

  targetOf(tradePubkey: TradePubkey): PushTarget | undefined {
    return this.#store.targetOf(tradePubkey);
  }

  /** Starts the time to live of these keys again after a delivered wake. Keys that point at another device by now are left as they are. */
  async renew(woken: PushTarget, tradePubkeys: Iterable<TradePubkey>): Promise<void> {
    const now = this.#clock();
    for (const key of tradePubkeys) await this.#store.renew(key, woken, this.#lifetime, now);
  }

  async whereabouts(target: PushTarget, tradePubkeys: Iterable<TradePubkey>): Promise<Whereabouts> {
    let here: PushTarget | undefined;
    const elsewhere = new Map<string, { target: PushTarget; keys: TradePubkey[] }>();
    for (const key of tradePubkeys) {
      const registered = (await this.find(key))?.target;
      if (registered === undefined) continue;
      if (isSameDevice(registered, target)) {
        here ??= registered;
        continue;
      }
      const device = deviceOf(registered);
      const known = elsewhere.get(device);
      if (known === undefined) elsewhere.set(device, { target: registered, keys: [key] });
      else known.keys.push(key);
    }
    return { here, elsewhere: [...elsewhere.values()] };
  }

  /** Evicts a device: removes every registration that points at it. Its push service has called it gone. */
  async evict(target: PushTarget): Promise<void> {
    const count = await this.#store.evict(target);
    this.#onRemoved?.(target);
    if (count === 0) return;
    this.#telemetry.count('registrations_forgotten', {}, count);
    this.#telemetry.log('device.forgotten', { provider: target.type, count });
  }

  /** Removes expired registrations. A call during a sweep waits for that sweep. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  /** Whether a sweep may make room: the store is full, and the last sweep is long ago or still under way. */
  #isSweepDue(): boolean {
    const due = this.#sweeping !== undefined || this.#monotonic() - this.#lastSweep >= SWEEP_WHEN_FULL_MS;
    return due && this.#store.isFull();
  }

  async #sweep(): Promise<void> {
    this.#lastSweep = this.#monotonic();
    if (!this.#mayExpire()) return this.#telemetry.log('registrations.kept');
    const count = await this.#store.sweep(this.#clock());
    this.#telemetry.count('registrations_expired', {}, count);
    this.#telemetry.log('registrations.swept', { count });
    this.#onSwept?.();
  }

  /** Whether the time to live is over, by a trusted clock. */
  #mayEnd({ expiresAt }: Registration): boolean {
    return expiresAt <= this.#clock() && this.#mayExpire();
  }

  async #noteKept(tradePubkey: TradePubkey, former: PushTarget | undefined): Promise<void> {
    if (this.#onKept === undefined && former === undefined) return;
    // Read from the store: a registration without Web Push keys can leave the former ones in place (`renewedTarget`).
    const kept = await this.#store.find(tradePubkey);
    if (kept === undefined) return;
    const from = former === undefined || isSameDevice(former, kept.target) ? undefined : former;
    this.#onKept?.(kept, from);
    if (from !== undefined) this.#onMoved?.(tradePubkey, from, kept.target);
  }

  /** Some of the keys that point at the device, at most so many. Those that have expired count until the next sweep. */
  keysOf(target: PushTarget, atMost: number): readonly TradePubkey[] {
    return this.#store.keysOf(target, atMost);
  }

  /** Corrects the times of registrations that were made while the time of day was wrong (contract 5). */
  async correct(correction: Correction): Promise<void> {
    const count = await this.#store.correct(correction);
    this.#telemetry.log('clock.corrected', { waitMs: Math.round(correction.byMs), count });
  }

  counts(): RegistrationCounts {
    return this.#store.counts();
  }

  /** The facts about a device, whether it is registered or not. */
  device(target: PushTarget): KnownDevice {
    return this.#store.device(target);
  }
}
