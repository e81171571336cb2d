import { SECOND_MS } from '../basics/clock.ts';
import { Coalescer, type CoalescerOptions } from './coalescer.ts';
import { SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import { FormerDevices } from './former-devices.ts';
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
import type { WakeEnd, WakeRequest } from '../lanes/wake.ts';

export interface WakerParts extends Omit<CoalescerOptions, 'hand'> {
  readonly registrations: Registrations;
  readonly lanes: Pick<PushLanes, 'request' | 'isUnsent' | 'follow'>;
  /** Remembers over a restart which devices are owed a wake. */
  readonly owed?: OwedDevices | undefined;
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

  constructor(parts: WakerParts) {
    this.#registrations = parts.registrations;
    this.#lanes = parts.lanes;
    this.#owed = parts.owed;
    this.#former = new FormerDevices({ registrations: parts.registrations, owed: parts.owed });
    this.#instances = parts.instances;
    this.#coalescer = new Coalescer({ ...parts, hand: (request) => parts.lanes.request(request) });
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
    return registrations.every(
      ({ device, isVouched, target, tradePubkey }) =>
        this.#coalescer.isHeld(device, tradePubkey, isVouched) ||
        this.#lanes.isUnsent(target, device, tradePubkey),
    );
  }

  /**
   * Wakes each device among the registrations once; within a recovery, one that it has woken already not again.
   *
   * @param since when the event arrived, in milliseconds
   * @returns whether the event is dealt with; if not, a further copy of it should be given another try
   */
  wake(registrations: readonly Addressee[], origin: EventOrigin, since?: number): Promise<boolean> {
    const [first] = registrations;
    if (first === undefined) return Promise.resolve(true);
    // The usual event names one key. Thousands of these may wait: a suspended function would keep three times as much.
    if (registrations.length === 1)
      return this.#wakeDevice(first, registrations, origin, since).then(isSettled);
    return this.#wakeAll(registrations, origin, since);
  }

  async #wakeAll(
    registrations: readonly Addressee[],
    origin: EventOrigin,
    since: number | undefined,
  ): Promise<boolean> {
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
    const request = { target, device: deviceOf(target), keys: [tradePubkey], priority: 'recovered' } as const;
    void this.#coalescer.request({ ...request, kind: 'chat_wake' });
  }

  /** Pays a wake that was owed when the program was stopped, to the devices where its keys point by now. */
  async payOwed(wake: OwedWake): Promise<void> {
    const isHere = await this.#redirectAll(wake);
    if (isHere) this.#coalescer.hold({ ...wake, device: deviceOf(wake.target), priority: 'recovered' });
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

  /** Takes a wake from a device that it waited for to another one, which is woken by its own rules. */
  redirect(wake: WakeRequest, from: PushTarget): Promise<WakeEnd> {
    const end = this.#coalescer.request(wake);
    void this.#former.note(from, end);
    return end;
  }

  /** Hands over at once whatever is held: the program stops. */
  flush(): void {
    this.#coalescer.flush();
  }

  /** @returns whether the wake's own device is still to be asked: a key points at it, or none is registered */
  async #redirectAll({ target: from, kind, keys: all }: OwedWake): Promise<boolean> {
    const { here, elsewhere } = await this.#registrations.whereabouts(from, all);
    for (const { target, keys } of elsewhere) {
      void this.redirect({ target, device: deviceOf(target), kind, keys, priority: 'recovered' }, from);
    }
    return here !== undefined || elsewhere.length === 0;
  }

  /** @param registrations that point at one device, `device` and `target` being those of any of them */
  #wakeDevice(
    { device, target }: Pick<Addressee, 'device' | 'target'>,
    registrations: readonly Addressee[],
    origin: EventOrigin,
    since: number | undefined,
  ): Promise<WakeEnd> {
    const request: WakeRequest = {
      target,
      device,
      kind: 'silent_wake',
      keys: registrations.map(({ tradePubkey }) => tradePubkey),
      ...(registrations.some(({ isVouched }) => isVouched) && { isVouched: true }),
      priority: origin instanceof Recovery ? 'recovered' : 'live',
      ...(since !== undefined && { since }),
    };
    return origin instanceof Recovery ? this.#recover(request, origin) : this.#coalescer.request(request);
  }

  async #recover(request: WakeRequest, recovery: Recovery): Promise<WakeEnd> {
    const { device, isVouched, keys, target } = request;
    // The recovery's wake may be waiting with unvouched events. A vouched event brings it forward, and the device gets one all the same.
    if (isVouched === true && recovery.hasWoken([device]) && this.#coalescer.isHeldUnvouched(device))
      return this.#coalescer.request(request);
    let isOwn = false;
    const end = await recovery.once(device, () => {
      isOwn = true;
      return this.#coalescer.request(request);
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
