import type { Delivery, Wake } from '../core/delivery.ts';
import type { PushProvider } from '../core/ports.ts';
import type { PushTarget } from '../core/push-target.ts';

/** A provider that is loaded with its first wake: the start does not wait for an HTTP client that nobody may ever need. */
export class DeferredProvider<Target extends PushTarget> implements PushProvider<Target> {
  readonly name: Target['type'];
  readonly #load: () => Promise<PushProvider<Target>>;
  #provider: Promise<PushProvider<Target>> | undefined;

  constructor(name: Target['type'], load: () => Promise<PushProvider<Target>>) {
    this.name = name;
    this.#load = load;
  }

  async send(target: Target, wake: Wake, signal: AbortSignal): Promise<Delivery> {
    this.#provider ??= this.#load();
    return (await this.#provider).send(target, wake, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#provider)?.[Symbol.asyncDispose]();
  }
}
