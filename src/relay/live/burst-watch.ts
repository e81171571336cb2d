import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';

/** Events within this time, in milliseconds, are counted together. */
const WINDOW_MS = SECOND_MS;
/** A burst is over when this time has passed without another window that reached the number, in milliseconds. */
const QUIET_MS = 2 * SECOND_MS;
/** A burst that lasts longer than this is reported while it lasts, in milliseconds. */
const LONGEST_MS = 30 * SECOND_MS;

export interface BurstWatchOptions {
  /** So many events within a second are a burst. */
  readonly events: number;
  readonly clock: Clock;
  /** A burst has ended. */
  readonly onBurst: () => void;
}

/**
 * Notices bursts of live events. A relay keeps a bounded buffer for each reader, and drops what does not fit without a word. That buffer
 * overflows in a burst, also when this program reads all the time.
 */
export class BurstWatch {
  readonly #options: BurstWatchOptions;
  #windowBegan = -Infinity;
  #count = 0;
  #burstBegan = 0;
  #fullAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BurstWatchOptions) {
    this.#options = options;
  }

  /** A live event has come. This is called for every event, so it does next to nothing. @param now milliseconds */
  note(now: number): void {
    if (now - this.#windowBegan > WINDOW_MS) {
      this.#windowBegan = now;
      this.#count = 0;
    }
    if (++this.#count === this.#options.events) this.#onFull(now);
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #onFull(now: number): void {
    this.#fullAt = now;
    if (this.#timer !== undefined) return;
    this.#burstBegan = now;
    this.#wait(QUIET_MS);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = this.#options.clock();
      const restMs = this.#fullAt + QUIET_MS - now;
      if (restMs > 0 && now - this.#burstBegan < LONGEST_MS) return this.#wait(restMs);
      this.#options.onBurst();
    }, ms);
  }
}
