import { SECOND_MS } from '../basics/clock.ts';
import { Coalescer, type CoalescerOptions } from './coalescer.ts';
import { SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
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
import { isByOther, isVouchedFor, type Addressee, type KnownInstances } from './vouching.ts';
import type { WakeEnd } from '../lanes/wake.ts';

export interface WakerOptions extends Omit<CoalescerOptions, 'hand'> {
  readonly registrations: Registrations;
  readonly lanes: Pick<PushLanes, 'request' | 'unsent' | 'follow'>;
  /** Keeps over a restart which devices are owed a wake; absent if there is no such record. */
  readonly owed?: OwedDevices | undefined;
  /** Told of a wake that goes from a lane to another device, because its keys have moved there. */
  readonly onMoved?: KeyWakeContext['onMoved'];
  readonly instances: KnownInstances;
}

/** Turns a verified event into a wake for each of its devices, and keeps each device from being woken too often. */
export class Waker {
  readonly #registrations: Registrations;
  readonly #lanes: WakerOptions['lanes'];
  readonly #instances: KnownInstances;
  readonly #coalescer: Coalescer;
  readonly #owed: OwedDevices | undefined;
  readonly #former: FormerDevices;
  readonly #context: KeyWakeContext;

  constructor(options: WakerOptions) {
    const { lanes, onMoved, owed, registrations } = options;
    this.#registrations = registrations;
    this.#lanes = lanes;
    this.#owed = owed;
    this.#former = new FormerDevices({ registrations, owed });
    this.#instances = options.instances;
    this.#coalescer = new Coalescer({
      batchDelayMs: options.batchDelayMs,
      cooldownMs: options.cooldownMs,
      schedule: options.schedule,
      monotonic: options.monotonic,
      hand: (wake) => lanes.request(wake),
      onHeld: options.onHeld,
      onRationed: options.onRationed,
      onUncounted: options.onUncounted,
    });
    this.#context = {
      registrations,
      owed,
      redirect: (wake, from) => this.#redirect(wake, from),
      onMoved,
    };
  }

  /** Devices that were woken not long ago. Their next wake would be held. */
  get heldDevices(): number {
    return this.#coalescer.size;
  }

  /** Wakes of the last hour that count against the allowances of their devices. */
  get countedWakes(): number {
    return this.#coalescer.counted;
  }

  /** The registrations whose devices the event may wake. The event may be unverified. */
  async addressed(event: NostrEvent, origin: EventOrigin): Promise<readonly Addressee[]> {
    const addressed: Addressee[] = [];
    const isForConversations = isByOther(event, this.#instances.authors);
    for (const key of recipientsOf(event.tags).keys) {
      const registration = await this.#registrations.find(key);
      if (registration === undefined || (origin === 'stored' && !isNewerThan(registration, event))) continue;
      if (isForConversations && registration.isConversation !== true) continue;
      const isVouched = isVouchedFor(registration, event, this.#instances);
      addressed.push({ ...registration, device: deviceOf(registration.target), isVouched });
    }
    return addressed;
  }

  /**
   * Whether each of these keys has a wake that has not been sent yet. That wake answers every event that comes before it is sent. A wake
   * for another key of the device does not count, because that key may be unregistered, and the wake dropped. For an event that claims
   * to be vouched, a wake on the unvouched track does not count: once verified, the event may bring that wake forward.
   */
  isUnsent(registrations: readonly Addressee[]): boolean {
    return registrations.every((addressee) => this.#isUnsent(addressee));
  }

  /**
   * Wakes each device of the registrations once. A device that the same recovery has woken is not woken again.
   *
   * @param since when the event arrived, in milliseconds
   * @returns whether the event is handled; if not, a further copy of the event may try again
   */
  wake(registrations: readonly Addressee[], origin: EventOrigin, since = Infinity): Promise<boolean> {
    const [first] = registrations;
    if (first === undefined) return Promise.resolve(true);
    // Most events name one key. Thousands may wait here, and a suspended async function would keep three times the memory.
    if (registrations.length === 1)
      return this.#wakeDevice(first, registrations, origin, since).then(isHandled);
    return this.#wakeAll(registrations, origin, since);
  }

  async #wakeAll(registrations: readonly Addressee[], origin: EventOrigin, since: number): Promise<boolean> {
    const devices = new Map<string, Addressee[]>();
    for (const addressee of registrations) {
      const others = devices.get(addressee.device);
      if (others === undefined) devices.set(addressee.device, [addressee]);
      else others.push(addressee);
    }
    const ends = [...devices.values()].map((ofOne) =>
      this.#wakeDevice(ofOne[0] as Addressee, ofOne, origin, since),
    );
    return (await Promise.all(ends)).every(isHandled);
  }

  /** Asks for a chat wake of the key's device, if the key is registered. Resolves as soon as the wake was asked for. */
  async announceChat(tradePubkey: TradePubkey): Promise<void> {
    const registration = await this.#registrations.find(tradePubkey);
    if (registration === undefined) return;
    const { target } = registration;
    const chat = { target, keys: [tradePubkey], priority: 'recovered', kind: 'chat_wake' } as const;
    void this.#coalescer.request(new KeyWake(this.#context, chat));
  }

  /** Asks for a wake that was owed when the program was stopped, at the devices to which its keys point by now. */
  async payOwed(wake: OwedWake): Promise<void> {
    const isHere = await this.#redirectAll(wake);
    if (!isHere) return;
    const { keys, kind, target } = wake;
    this.#coalescer.hold(new KeyWake(this.#context, { target, kind, keys, priority: 'recovered' }));
  }

  /** A key has moved to another device: every wake that waits for the key moves there (contract 5). */
  async keyMoved(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<void> {
    const moved = this.#coalescer.move(key, from, to);
    if (moved !== undefined) void this.#former.note(from, moved);
    if (await this.#lanes.follow(from, deviceOf(from))) return;
    // A push service without credentials has no lane. Its owed wakes are only on record.
    const wake = this.#owed?.find(from);
    if (wake?.keys.includes(key) === true) await this.#redirectAll(wake);
  }

  /** Hands over at once all wakes that are held: the program stops. */
  flush(): void {
    this.#coalescer.flush();
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
    const end = this.#coalescer.request(wake);
    void this.#former.note(from, end);
    return end;
  }

  #isUnsent({ device, isVouched, target, tradePubkey }: Addressee): boolean {
    if (this.#coalescer.isHeld(device, tradePubkey, isVouched)) return true;
    const wake = this.#lanes.unsent(target, device);
    return wake instanceof KeyWake && wake.has(tradePubkey);
  }

  /** @param registrations all of one device; `device` and `target` are those of any of them */
  #wakeDevice(
    { device, target }: Pick<Addressee, 'device' | 'target'>,
    registrations: readonly Addressee[],
    origin: EventOrigin,
    since: number,
  ): Promise<WakeEnd> {
    const wake = new KeyWake(this.#context, {
      target,
      device,
      kind: 'silent_wake',
      keys: registrations.map(({ tradePubkey }) => tradePubkey),
      isVouched: registrations.some(({ isVouched }) => isVouched),
      priority: origin instanceof Recovery ? 'recovered' : 'live',
      since,
    });
    return origin instanceof Recovery ? this.#recover(wake, origin) : this.#coalescer.request(wake);
  }

  async #recover(wake: KeyWake, recovery: Recovery): Promise<WakeEnd> {
    // Once the wake is asked for it may absorb others.
    const { device, isVouched, keys, target } = wake;
    // The recovery's wake may be held on the unvouched track. A vouched event brings it forward, and the device still gets one wake.
    if (isVouched && recovery.hasWoken([device]) && this.#coalescer.isHeldUnvouched(device))
      return this.#coalescer.request(wake);
    let isOwn = false;
    const end = await recovery.once(device, () => {
      isOwn = true;
      return this.#coalescer.request(wake);
    });
    // If another event of the recovery asked for the wake, the wake may have been for another key, and has not renewed these.
    if (end === 'sent' && !isOwn) await this.#registrations.renew(target, keys);
    return end;
  }
}

function isHandled(end: WakeEnd): boolean {
  return end !== 'dropped';
}

/** A stored event wakes only if it is certainly newer than the registration (contract 2). A gift wrap carries no true time. */
function isNewerThan(registration: Registration, event: NostrEvent): boolean {
  return (
    event.kind === SIGNED_MESSAGE_KIND &&
    event.created_at >= Math.floor(registration.registeredAt / SECOND_MS)
  );
}
