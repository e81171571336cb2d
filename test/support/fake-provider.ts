import { Arrivals } from '../../stand-ins/arrivals.ts';
import type { Delivery, Push } from '../../src/core/lanes/delivery.ts';
import type { PushProvider } from '../../src/core/lanes/push-provider.ts';
import type { FcmTarget } from '../../src/core/registry/push-target.ts';

/** One attempt that the provider was asked for. It is under way until the test answers it. */
export interface Attempt {
  readonly target: FcmTarget;
  readonly push: Push;
  readonly signal: AbortSignal;
  answer(delivery: Delivery): void;
  fail(fault: unknown): void;
}

/** A provider whose answers the test gives. */
export class FakeProvider implements PushProvider<FcmTarget> {
  readonly name = 'fcm';
  readonly attempts = new Arrivals<Attempt>();
  /** How many attempts are under way now, and how many were at most. */
  active = 0;
  peak = 0;

  send(target: FcmTarget, push: Push, signal: AbortSignal): Promise<Delivery> {
    this.active++;
    this.peak = Math.max(this.peak, this.active);
    return new Promise<Delivery>((answer, fail) => {
      this.attempts.push({ target, push, signal, answer, fail });
    }).finally(() => this.active--);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
