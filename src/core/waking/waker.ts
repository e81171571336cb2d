import { SECOND_MS } from '../basics/clock.ts';
import { SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { DeviceWindow } from './device-window.ts';
import { FormerDevices } from './former-devices.ts';
import { KeyWake, type KeyWakeContext } from './key-wake.ts';
import type { OwedDevices, OwedWake } from './owed-devices.ts';
import type { PushLanes } from '../lanes/push-lanes.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import { recipientsOf } from '../nostr/recipients.ts';
import { Recovery, type EventOrigin } from './recovery.ts';
import type { Registration } from '../registry/registration.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import { isByOther, isVouchedFor, type KnownInstances } from './vouching.ts';
import type { WakePolicy } from './wake-policy.ts';
import { worstEnd, type WakeEnd } from '../lanes/wake.ts';

/** The most keys of a wake that is for no event in particular. A phone has a few trades. */
const MOST_KEYS = 256;

export interface WakerOptions {
  readonly registrations: Registrations;
  /** What wakes ask of registrations, if that is not what the registrations say. */
  readonly asked?: KeyWakeContext['registrations'] | undefined;
  /** Takes wakes to their lanes, each at its time. */
  readonly policy: WakePolicy;
  readonly lanes: Pick<PushLanes, 'unsent' | 'follow'>;
  /** Keeps over a restart which devices are owed a wake; absent if there is no such record. */
  readonly owed?: OwedDevices | undefined;
  /** Told of a wake that goes from a lane to another device, because its keys have moved there. */
  readonly onMoved?: KeyWakeContext['onMoved'];
  /** Told of a device whose push service wants it to be left alone for a while, or calls it gone. */
  readonly onRest?: KeyWakeContext['onRest'];
  readonly instances: KnownInstances;
  /** Has a wake that answers no event here asked for by the server of the fleet that owns its device; absent if this server is alone. */
  readonly atOwner?: AtOwner | undefined;
}

/** @param request asks for the wake here */
export type AtOwner = (wake: KeyWake, request: (wake: KeyWake) => Promise<WakeEnd>) => Promise<WakeEnd>;

/** Turns a verified event into a wake for each of its devices. A policy says when the wake leaves. */
export class Waker {
  readonly #registrations: Registrations;
  readonly #lanes: WakerOptions['lanes'];
  readonly #instances: KnownInstances;
  readonly #policy: WakePolicy;
  readonly #owed: OwedDevices | undefined;
  readonly #former: FormerDevices;
  readonly #context: KeyWakeContext;
  readonly #atOwner: AtOwner | undefined;

  constructor(options: WakerOptions) {
    const { asked, lanes, onMoved, onRest, owed, registrations } = options;
    this.#registrations = registrations;
    this.#lanes = lanes;
    this.#owed = owed;
    this.#former = new FormerDevices({ registrations, owed });
    this.#instances = options.instances;
    this.#policy = options.policy;
    this.#atOwner = options.atOwner;
    this.#context = {
      registrations: asked ?? registrations,
      owed,
      redirect: (wake, from) => this.#redirect(wake, from),
      onMoved,
      onRest,
    };
  }

  /** Devices of which a wake is held, or would be held now. */
  get heldDevices(): number {
    return this.#policy.size;
  }

  /** Wakes of the last hour that count against the allowances of their devices. */
  get countedWakes(): number {
    return this.#policy.counted;
  }

  /**
   * The wakes that the event asks for, one for each device. The event may be unverified: no wake is sent yet.
   *
   * @param since when the event arrived, in milliseconds
   */
  async wakesFor(event: NostrEvent, origin: EventOrigin, since = Infinity): Promise<readonly KeyWake[]> {
    const wakes: KeyWake[] = [];
    const priority = origin instanceof Recovery ? 'recovered' : 'live';
    const isForConversations = isByOther(event, this.#instances.authors);
    for (const key of recipientsOf(event.tags).keys) {
      const registration = await this.#registrations.find(key);
      if (registration === undefined || (origin === 'stored' && !isNewerThan(registration, event))) continue;
      if (isForConversations && registration.isConversation !== true) continue;
      const isVouched = isVouchedFor(registration, event, this.#instances);
      const { target } = registration;
      const device = deviceOf(target);
      if (!this.#policy.heeds(device)) continue;
      const ofKey = { target, device, kind: 'silent_wake', keys: [key], priority, isVouched, since } as const;
      const wake = new KeyWake(this.#context, ofKey);
      const sameDevice = wakes.find((other) => other.device === device);
      if (sameDevice === undefined) wakes.push(wake);
      else sameDevice.absorb(wake);
    }
    return wakes;
  }

  /** Whether the event names a device that no event wakes, because it is woken on a beat of its own. */
  async isUnheeded(event: NostrEvent): Promise<boolean> {
    for (const key of recipientsOf(event.tags).keys) {
      const registration = await this.#registrations.find(key);
      if (registration !== undefined && !this.#policy.heeds(deviceOf(registration.target))) return true;
    }
    return false;
  }

  /** Wakes for these keys at the devices to which they point by now. Another server of the fleet has verified the event. */
  async wakesOfKeys({
    isVouched,
    keys,
    kind,
  }: Pick<KeyWake, 'isVouched' | 'keys' | 'kind'>): Promise<readonly KeyWake[]> {
    const wakes = new Map<string, KeyWake>();
    for (const key of keys) {
      const registration = await this.#registrations.find(key);
      if (registration === undefined) continue;
      const { target } = registration;
      const device = deviceOf(target);
      const ofKey = { target, device, kind, keys: [key], priority: 'recovered', isVouched } as const;
      const wake = new KeyWake(this.#context, ofKey);
      const known = wakes.get(device);
      if (known === undefined) wakes.set(device, wake);
      else known.absorb(wake);
    }
    return [...wakes.values()];
  }

  /** Whether an event wakes the device. If not, the device is woken on a beat of its own. */
  heeds(device: string): boolean {
    return this.#policy.heeds(device);
  }

  /** Whether events wake every device, and each device is woken alone. */
  get areIndividual(): boolean {
    return this.#policy.areIndividual === true;
  }

  /** The name of the devices that are always woken together with this one. */
  groupOf(device: string): string {
    return this.#policy.groupOf(device);
  }

  /** What holds back the next wakes of the device. */
  windowsOf(device: string): readonly DeviceWindow[] {
    return this.#policy.windowsOf?.(device) ?? [];
  }

  /** The devices of which {@link windowsOf} tells something that began within the last so many milliseconds; others may be among them. */
  running(withinMs: number): Iterable<string> {
    return this.#policy.running?.(withinMs) ?? [];
  }

  /** Another server has woken the device: what holds back its next wakes goes on here. */
  continueWindows(device: string, windows: readonly DeviceWindow[]): void {
    if (windows.length > 0) this.#policy.continueWindows?.(device, windows);
  }

  /** A wake for the device without a key: it covers the wakes of others. */
  cover(target: PushTarget): KeyWake {
    return new KeyWake(this.#context, { target, kind: 'silent_wake', keys: [], priority: 'live' });
  }

  /** A wake for keys that point at the device, for no event in particular; `undefined` if there are none. */
  wakeFor(target: PushTarget): KeyWake | undefined {
    const keys = this.#registrations.keysOf(target, MOST_KEYS);
    if (keys.length === 0) return undefined;
    return new KeyWake(this.#context, { target, kind: 'silent_wake', keys, priority: 'live' });
  }

  /**
   * Whether each key of these wakes has another wake already that has not been sent yet. That wake answers every event that comes before
   * it is sent. A wake for another key of the device does not count, because that key may be unregistered, and the wake dropped. For an
   * event that claims to be vouched, a wake that it would bring forward does not count.
   */
  areUnsent(wakes: readonly KeyWake[]): boolean {
    return wakes.every((wake) => wake.keys.every((key) => this.#isUnsent(key, wake)));
  }

  /** Whether the recovery has woken one of these devices already, for its own sake or with its group. */
  areRecovered(wakes: readonly KeyWake[], recovery: Recovery): boolean {
    return recovery.hasWoken(wakes.map(({ device }) => this.#policy.groupOf(device)));
  }

  /**
   * Asks for the wakes of one event. A device that the same recovery has woken is not woken again.
   *
   * @returns how the wakes ended: as the one that ended worst
   */
  request(wakes: readonly KeyWake[], origin: EventOrigin): Promise<WakeEnd> {
    const [first] = wakes;
    // Most events ask for one wake. Thousands may wait here, and a suspended async function would keep three times the memory.
    if (first !== undefined && wakes.length === 1) return this.#request(first, origin);
    return Promise.all(wakes.map((wake) => this.#request(wake, origin))).then(worstEnd);
  }

  /** Asks for a chat wake of the key's device, if the key is registered. Resolves as soon as the wake was asked for. */
  async announceChat(tradePubkey: TradePubkey): Promise<void> {
    const registration = await this.#registrations.find(tradePubkey);
    if (registration === undefined) return;
    const { target } = registration;
    const chat = { target, keys: [tradePubkey], priority: 'recovered', kind: 'chat_wake' } as const;
    void this.#requestAtOwner(new KeyWake(this.#context, chat));
  }

  /** Asks for a wake that was owed when the program was stopped, at the devices to which its keys point by now. */
  async payOwed(wake: OwedWake): Promise<void> {
    const isHere = await this.#redirectAll(wake);
    if (!isHere) return;
    const { keys, kind, target } = wake;
    this.#policy.hold(new KeyWake(this.#context, { target, kind, keys, priority: 'recovered' }));
  }

  /** A key has moved to another device: every wake that waits for the key moves there (contract 5). */
  async keyMoved(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<void> {
    const moved = this.#policy.move(key, from, to);
    if (moved !== undefined) void this.#former.note(from, moved);
    if (await this.#lanes.follow(from, deviceOf(from))) return;
    // A push service without credentials has no lane. Its owed wakes are only on record.
    const wake = this.#owed?.find(from);
    if (wake?.keys.includes(key) === true) await this.#redirectAll(wake);
  }

  /** Lets go of all wakes that are held: the program stops. @param withinMs how long they may wait for their time to come */
  flush(withinMs: number): Promise<void> {
    return this.#policy.flush(withinMs);
  }

  /** Asks for wakes at the devices to which keys of the wake have moved. @returns whether the wake's own device still needs a wake, because a key points at it or no key has moved */
  async #redirectAll({ target: from, kind, keys: all }: OwedWake): Promise<boolean> {
    const { here, elsewhere } = await this.#registrations.whereabouts(from, all);
    for (const { target, keys } of elsewhere) {
      void this.#redirect(new KeyWake(this.#context, { target, kind, keys, priority: 'recovered' }), from);
    }
    return here !== undefined || elsewhere.length === 0;
  }

  /** Asks for a wake whose keys have left another device. The new device is woken by its own rules. */
  #redirect(wake: KeyWake, from: PushTarget): Promise<WakeEnd> {
    const end = this.#requestAtOwner(wake);
    void this.#former.note(from, end);
    return end;
  }

  /** Asks for a wake that no claim has brought here: another server of the fleet may own its device. */
  #requestAtOwner(wake: KeyWake): Promise<WakeEnd> {
    const request = (own: KeyWake): Promise<WakeEnd> => this.#policy.request(own);
    return this.#atOwner === undefined ? request(wake) : this.#atOwner(wake, request);
  }

  #isUnsent(key: TradePubkey, { device, isVouched, target }: KeyWake): boolean {
    if (this.#policy.isHeld(device, key, isVouched)) return true;
    const unsent = this.#lanes.unsent(target, device);
    // Whether a uniform wake was delivered must not decide whether another one is asked for: a push service that refuses the wakes of
    // one device could see whose key that is.
    return unsent instanceof KeyWake && !unsent.isUniform && unsent.has(key);
  }

  #request(wake: KeyWake, origin: EventOrigin): Promise<WakeEnd> {
    return origin instanceof Recovery ? this.#recover(wake, origin) : this.#policy.request(wake);
  }

  async #recover(wake: KeyWake, recovery: Recovery): Promise<WakeEnd> {
    // Once the wake is asked for it may absorb others.
    const { device, isVouched, keys, target } = wake;
    // What comes of an event must not tell which device of a group it is for.
    const group = this.#policy.groupOf(device);
    // A vouched event brings the recovery's wake forward if it is held, and the device still gets one wake.
    if (isVouched && recovery.hasWoken([group]) && this.#policy.isHeldUnvouched(device))
      return this.#policy.request(wake);
    let isOwn = false;
    const end = await recovery.once(group, () => {
      isOwn = true;
      return this.#policy.request(wake);
    });
    // If another event of the recovery asked for the wake, the wake may have been for another key, and has not renewed these.
    if (end === 'sent' && !isOwn) await this.#registrations.renew(target, keys);
    return end;
  }
}

/** A stored event wakes only if it is certainly newer than the registration (contract 2). A gift wrap carries no true time. */
function isNewerThan(registration: Registration, event: NostrEvent): boolean {
  return (
    event.kind === SIGNED_MESSAGE_KIND &&
    event.created_at >= Math.floor(registration.registeredAt / SECOND_MS)
  );
}
