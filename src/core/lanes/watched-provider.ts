import { SECOND_MS, type Clock } from '../basics/clock.ts';
import type { Delivery, Push } from './delivery.ts';
import type { DeliveryHealth } from './delivery-health.ts';
import type { PushProvider } from './push-provider.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** A provider whose every attempt is timed, and whose every answer is told to its {@link DeliveryHealth}. */
export class WatchedProvider<Target extends PushTarget> implements PushProvider<Target> {
  readonly #provider: PushProvider<Target>;
  readonly #parts: {
    readonly health: DeliveryHealth;
    readonly telemetry: Telemetry;
    /** Monotonic, in milliseconds. */
    readonly clock: Clock;
  };

  constructor(
    provider: PushProvider<Target>,
    parts: { readonly health: DeliveryHealth; readonly telemetry: Telemetry; readonly clock: Clock },
  ) {
    this.#provider = provider;
    this.#parts = parts;
  }

  get name(): Target['type'] {
    return this.#provider.name;
  }

  async send(target: Target, wake: Push, signal: AbortSignal): Promise<Delivery> {
    const { clock, health, telemetry } = this.#parts;
    const begunAt = clock();
    const delivery = await this.#provider.send(target, wake, signal);
    telemetry.observe('push_attempt_seconds', (clock() - begunAt) / SECOND_MS, { provider: this.name });
    health.note(delivery);
    return delivery;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#provider[Symbol.asyncDispose]();
  }
}
