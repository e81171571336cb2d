import { SECOND_MS } from '../basics/clock.ts';
import { Coalescer, type CoalescerOptions } from './coalescer.ts';
import { SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import { FormerDevices } from './former-devices.ts';
import { KeyWake, type KeyWakeContext } from './key-wake.ts';
import type { EventOrigin } from './recovery.ts';
import type { OwedDevices, OwedWake } from './owed-devices.ts';
import type { PushLanes } from '../lanes/push-lanes.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import { recipientsOf } from '../nostr/recipients.ts';
import { Recovery } from './recovery.ts';
import type { Registration } from '../registry/registration.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import { isByOther, isVouchedFor, type Addressee, type KnownInstances } from './vouching.ts';
import type { WakeEnd } from '../lanes/wake.ts';

export interface WakerParts extends Omit<CoalescerOptions, 'hand'> {
  readonly registrations: Registrations;
  readonly lanes: Pick<PushLanes, 'request' | 'unsent' | 'follow'>;
  /** Keeps over a restart which devices are owed a wake; absent if there is no such record. */
  readonly owed?: OwedDevices | undefined;
  /** Told of a wake that goes from a lane to another device, because its keys have moved there. */
  readonly onMoved?: KeyWakeContext['onMoved'];
  readonly instances: KnownInstances;
}

/** Turns a verified event into a wake for each device that it is for, as often as a device may be woken. */
export class Waker {
  readonly #registrations: Registrations;
  readonly #lanes: WakerParts['lanes'];
  readonly #instances: KnownInstances;
  readonly #coalescer: Coalescer;
  readonly #owed: OwedDevices | undefined;
  readonly #former: FormerDevices;
  readonly #context: KeyWakeContext;

  constructor(parts: WakerParts) {
    this.#registrations = parts.registrations;
    this.#lanes = parts.lanes;
    this.#owed = parts.owed;
    this.#former = new FormerDevices({ registrations: parts.registrations, owed: parts.owed });
    this.#instances = parts.instances;
    this.#coalescer = new Coalescer({ ...parts, hand: (wake) => parts.lanes.request(wake) });
    this.#context = {
      registrations: parts.registrations,
      owed: parts.owed,
      redirect: (wake, from) => this.#redirect(wake, from),
      onMoved: parts.onMoved,
    };
  }

  /** Devices that were woken not long ago, so that their next wake would be held. */
  get heldDevices(): number {
    return this.#coalescer.size;
  }

  /** Wakes of the last hour that count against the allowance of their device. */
  get countedWakes(): number {
    return this.#coalescer.counted;
  }

  /** The registrations that the event is for and may wake. The event need not have been verified. */
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
   * Whether every one of these keys has a wake coming that has not been sent yet: it answers whatever comes until then. A wake for
   * another key of the device does not count: that key may be unregistered, and its wake dropped, before it is sent. Where an event claims
   * to be vouched, a wake that waits with unvouched events does not count either: once the event is verified, it may bring the wake forward.
   */
  isUnsent(registrations: readonly Addressee[]): boolean {
    return registrations.every((addressee) => this.#isUnsent(addressee));
  }

  /**
   * Wakes each device among the registrations once; within a recovery, one that it has woken already not again.
   *
   * @param since when the event arrived, in milliseconds
   * @returns whether the event is dealt with; if not, a further copy of it should be given another try
   */
  wake(registrations: readonly Addressee[], origin: EventOrigin, since = Infinity): Promise<boolean> {
    const [first] = registrations;
    if (first === undefined) return Promise.resolve(true);
    // The usual event names one key. Thousands of these may wait: a suspended function would keep three times as much.
    if (registrations.length === 1)
      return this.#wakeDevice(first, registrations, origin, since).then(isSettled);
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
    return (await Promise.all(ends)).every(isSettled);
  }

  /** Wakes the key's device, if it has one, for a chat message that its sender announced. Resolves when the wake has begun. */
  async announceChat(tradePubkey: TradePubkey): Promise<void> {
    const registration = await this.#registrations.find(tradePubkey);
    if (registration === undefined) return;
    const { target } = registration;
    const chat = { target, keys: [tradePubkey], priority: 'recovered', kind: 'chat_wake' } as const;
    void this.#coalescer.request(new KeyWake(this.#context, chat));
  }

  /** Pays a wake that was owed when the program was stopped, to the devices where its keys point by now. */
  async payOwed(wake: OwedWake): Promise<void> {
    const isHere = await this.#redirectAll(wake);
    if (!isHere) return;
    const { keys, kind, target } = wake;
    this.#coalescer.hold(new KeyWake(this.#context, { target, kind, keys, priority: 'recovered' }));
  }

  /** A key of one device has been registered with another one: every wake that waits for the key goes to the new device (contract 5). */
  async keyMoved(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<void> {
    const moved = this.#coalescer.move(key, from, to);
    if (moved !== undefined) void this.#former.note(from, moved);
    if (await this.#lanes.follow(from, deviceOf(from))) return;
    // A push service without credentials has no lane: the wakes that its devices are owed are only on record.
    const wake = this.#owed?.find(from);
    if (wake?.keys.includes(key) === true) await this.#redirectAll(wake);
  }

  /** Hands over at once whatever is held: the program stops. */
  flush(): void {
    this.#coalescer.flush();
  }

  /** @returns whether the wake's own device is still to be asked: a key points at it, or none is registered */
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

  /** @param registrations that point at one device, `device` and `target` being those of any of them */
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
    // The recovery's wake may be waiting with unvouched events. A vouched event brings it forward, and the device gets one all the same.
    if (isVouched && recovery.hasWoken([device]) && this.#coalescer.isHeldUnvouched(device))
      return this.#coalescer.request(wake);
    let isOwn = false;
    const end = await recovery.once(device, () => {
      isOwn = true;
      return this.#coalescer.request(wake);
    });
    // The wake may have been sent for another key of the device.
    if (end === 'sent' && !isOwn) await this.#registrations.renew(target, keys);
    return end;
  }
}

function isSettled(end: WakeEnd): boolean {
  return end !== 'dropped';
}

/** A stored event wakes only when it is sure to be newer than the registration (contract 2): gift wraps carry no true time. */
function isNewerThan(registration: Registration, event: NostrEvent): boolean {
  return (
    event.kind === SIGNED_MESSAGE_KIND &&
    event.created_at >= Math.floor(registration.registeredAt / SECOND_MS)
  );
}
