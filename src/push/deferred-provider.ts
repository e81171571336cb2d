import type { Delivery, Push } from '../core/lanes/delivery.ts';
import type { PushProvider } from '../core/lanes/push-provider.ts';
import type { PushTarget } from '../core/registry/push-target.ts';

/** A provider whose code is loaded after the listeners are open, so that the start does not wait for an HTTP client. Earlier wakes wait for it. */
export class DeferredProvider<Target extends PushTarget> implements PushProvider<Target> {
  readonly name: Target['type'];
  readonly #load: () => Promise<PushProvider<Target>>;
  #provider: Promise<PushProvider<Target>> | undefined;

  constructor(name: Target['type'], load: () => Promise<PushProvider<Target>>) {
    this.name = name;
    this.#load = load;
  }

  /** Loads the provider, once. @throws the loader's error. Node remembers a failed load, so later calls fail too */
  async load(): Promise<void> {
    this.#provider ??= this.#load();
    await this.#provider;
  }

  async send(target: Target, push: Push, signal: AbortSignal): Promise<Delivery> {
    this.#provider ??= this.#load();
    return (await this.#provider).send(target, push, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loaded = await this.#provider?.catch(() => undefined);
    await loaded?.[Symbol.asyncDispose]();
  }
}
