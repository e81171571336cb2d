import { SECOND_MS, unixSeconds, type Clock } from './clock.ts';
import { CONSEQUENCES, type Delivery, type Wake } from './delivery.ts';
import { SIGNED_MESSAGE_KIND, type NostrEvent } from './nostr-event.ts';
import type { EventOrigin } from './ports.ts';
import type { WakePriority } from './push-queue.ts';
import { isSameDevice, type PushTarget } from './push-target.ts';
import { recipientsOf } from './recipients.ts';
import { Recovery } from './recovery.ts';
import type { Registration } from './registration.ts';
import type { Registrations } from './registrations.ts';
import type { Telemetry } from './telemetry.ts';

/** Takes a wake to the provider of the target's type. */
export type Push = (target: PushTarget, wake: Wake, priority: WakePriority) => Promise<Delivery>;

/** Turns a verified event into one wake for each device it is for, and sees to what follows from its delivery. */
export class Waker {
  readonly #registrations: Registrations;
  readonly #push: Push;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;

  constructor(parts: { registrations: Registrations; push: Push; clock: Clock; telemetry: Telemetry }) {
    this.#registrations = parts.registrations;
    this.#push = parts.push;
    this.#clock = parts.clock;
    this.#telemetry = parts.telemetry;
  }

  /** The registrations that the event is for and may wake. */
  async addressed(event: NostrEvent, origin: EventOrigin): Promise<readonly Registration[]> {
    const found = await Promise.all(
      recipientsOf(event.tags).keys.map((key) => this.#registrations.find(key)),
    );
    return found.filter(
      (registration): registration is Registration =>
        registration !== undefined && (origin !== 'stored' || isNewerThan(registration, event)),
    );
  }

  /**
   * Wakes each device among the registrations once; within a recovery, one that it has woken already not again.
   *
   * @returns whether the event is dealt with; if not, a further copy of it should be given another try
   */
  async wake(registrations: readonly Registration[], origin: EventOrigin): Promise<boolean> {
    const devices: PushTarget[] = [];
    for (const { target } of registrations) {
      if (!devices.some((device) => isSameDevice(device, target))) devices.push(target);
    }
    const settled = await Promise.all(
      devices.map((device) =>
        this.#wakeDevice(
          device,
          registrations.filter(({ target }) => isSameDevice(device, target)),
          origin,
        ),
      ),
    );
    return settled.every(Boolean);
  }

  async #wakeDevice(
    target: PushTarget,
    registrations: readonly Registration[],
    origin: EventOrigin,
  ): Promise<boolean> {
    const delivery =
      origin instanceof Recovery
        ? await origin.once(target, () => this.#send(target, 'recovered'))
        : await this.#send(target, 'live');
    const consequence = CONSEQUENCES[delivery.outcome];
    if (consequence.forgets) await this.#registrations.forget(target);
    if (consequence.renews) {
      await Promise.all(
        registrations.map(({ tradePubkey }) => this.#registrations.renew(tradePubkey, target)),
      );
    }
    return consequence.settlesEvent;
  }

  async #send(target: PushTarget, priority: WakePriority): Promise<Delivery> {
    const timestamp = unixSeconds(this.#clock);
    const delivery = await this.#push(target, { kind: 'silent_wake', timestamp }, priority);
    this.#report(target, delivery);
    return delivery;
  }

  #report(target: PushTarget, delivery: Delivery): void {
    const provider = target.type;
    if (delivery.outcome === 'delivered') this.#telemetry.log('wake.delivered', { provider });
    else if (delivery.outcome === 'refused')
      this.#telemetry.log('wake.refused', { provider, reason: delivery.reason });
    else if (delivery.outcome === 'retry')
      this.#telemetry.log('wake.failed', { provider, reason: delivery.reason });
  }
}

/** A stored event wakes only when it is sure to be newer than the registration (contract 2): gift wraps carry no true time. */
function isNewerThan(registration: Registration, event: NostrEvent): boolean {
  return (
    event.kind === SIGNED_MESSAGE_KIND &&
    event.created_at >= Math.floor(registration.registeredAt / SECOND_MS)
  );
}
