import type { Clock } from '../../core/basics/clock.ts';

/** Notices when nothing has been heard for a while. Hearing costs next to nothing, for it happens with every event. */
export class SilenceWatch {
  readonly #clock: Clock;
  /** Given when something was heard last, in milliseconds. */
  readonly #onSilence: (since: number) => void;
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onSilence: (since: number) => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
  }

  /** @param now milliseconds */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Waits for so long a silence, in milliseconds, instead of any other. */
  listen(silenceMs: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      const silentMs = this.#clock() - this.#heardAt;
      if (silentMs < silenceMs) return this.listen(silenceMs);
      this.#onSilence(this.#heardAt);
    }, silenceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
