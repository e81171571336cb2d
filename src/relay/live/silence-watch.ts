import type { Clock } from '../../core/basics/clock.ts';

export interface SilenceWatchOptions {
  readonly clock: Clock;
  /** The silence that is waited for first, in milliseconds. */
  readonly silenceMs: number;
  /** The wait doubles up to this while no event comes. */
  readonly maxSilenceMs: number;
  /** @param since when the subscription was heard last, in milliseconds */
  readonly onSilence: (since: number) => void;
}

/**
 * Notices when a subscription has brought nothing for a while: the relay may have dropped it without a word. A relay may also
 * just be quiet, so the wait doubles after each silence, until an event comes.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #waitMs: number;
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#waitMs = options.silenceMs;
  }

  /** When an event came last, or the subscription became live, in milliseconds. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** The subscription has become live. @param now milliseconds */
  begin(now: number): void {
    this.#heardAt = now;
    this.#listen(this.#waitMs);
  }

  /** An event has come. This is called for every event, so it does next to nothing. @param now milliseconds */
  heard(now: number): void {
    this.#heardAt = now;
    if (this.#waitMs === this.#options.silenceMs) return;
    this.#waitMs = this.#options.silenceMs;
    this.#listen(this.#waitMs);
  }

  /** Waits for a silence of this length next, in milliseconds, instead of the usual one. */
  listenFor(silenceMs: number): void {
    this.#listen(silenceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #listen(silenceMs: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      if (this.#options.clock() - this.#heardAt < silenceMs) return this.#listen(silenceMs);
      this.#waitMs = Math.min(this.#options.maxSilenceMs, this.#waitMs * 2);
      this.#listen(this.#waitMs);
      this.#options.onSilence(this.#heardAt);
    }, silenceMs);
  }
}
