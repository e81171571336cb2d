import type { LiveRequest } from './live-request.ts';

export interface PlaceCheckOptions {
  /** How long a relay may take from the one copy of an event to the other one, in milliseconds. */
  readonly copyMs: number;
  /** @param isKept whether the old subscription was still there */
  readonly onResult: (isKept: boolean) => void;
}

/**
 * Finds out whether a relay still had a live subscription after pages were asked for. Some relays push out the oldest subscription, without
 * a word, to make room. The kind is asked for once more beside the old subscription. An event that comes by the new subscription alone
 * shows that the relay had dropped the old one.
 */
export class PlaceCheck {
  readonly #options: PlaceCheckOptions;
  #former: { readonly request: LiveRequest; readonly events: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PlaceCheckOptions) {
    this.#options = options;
  }

  /** The new subscription is live beside this one. */
  begin(former: LiveRequest): void {
    this.end();
    this.#former = { request: former, events: former.events };
  }

  /** The first event has come by the new subscription. */
  onEvent(): void {
    if (this.#former !== undefined) this.#timer ??= setTimeout(() => this.#judge(), this.#options.copyMs);
  }

  isFor(request: LiveRequest): boolean {
    return this.#former?.request === request;
  }

  /** The check is over without a result. The relay is told that the old subscription is no longer needed. */
  end(): void {
    this.#former?.request.close();
    this.stop();
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#former = undefined;
  }

  #judge(): void {
    const former = this.#former;
    if (former === undefined) return;
    const isKept = former.request.events > former.events;
    this.end();
    this.#options.onResult(isKept);
  }
}
