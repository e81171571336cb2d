import type { Delivery, Wake } from '../core/delivery.ts';
import type { PushProvider } from '../core/ports.ts';
import type { PushTarget } from '../core/push-target.ts';

/** A provider that is loaded with its first wake: the start does not wait for an HTTP client that nobody may ever need. */
export class DeferredProvider<Target extends PushTarget> implements PushProvider<Target> {
  readonly name: Target['type'];
  readonly #load: () => Promise<PushProvider<Target>>;
  #provider: Promise<PushProvider<Target>> | undefined;
  #underWay = 0;

  constructor(name: Target['type'], load: () => Promise<PushProvider<Target>>) {
    this.name = name;
    this.#load = load;
  }

  /** Attempts under way, in all lanes together. */
  get underWay(): number {
    return this.#underWay;
  }

  async send(target: Target, wake: Wake, signal: AbortSignal): Promise<Delivery> {
    this.#provider ??= this.#load();
    this.#underWay++;
    try {
      return await (await this.#provider).send(target, wake, signal);
    } finally {
      this.#underWay--;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#provider)?.[Symbol.asyncDispose]();
  }
}
