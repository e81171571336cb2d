import { MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';

/** Not more often: what came in one burst is one sample. */
const APART_MS = 30 * SECOND_MS;
/** Four minutes' worth, if events come all the time. */
const MOST = 8;
/** A relay may take its time to store what it has sent. */
const STORED_AFTER_MS = MINUTE_MS;

/** An event that a relay has sent live: it has to be among those that it has stored. */
export interface LiveSample {
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** Some of the events that a relay has lately sent live, whoever they are for. */
export class LiveSamples {
  readonly #samples: { readonly sample: LiveSample; readonly takenAt: number }[] = [];
  #takenAt = -Infinity;

  /** Whether the next event is to be taken. @param now milliseconds; a clock that was set back waits no longer than it was set */
  isDue(now: number): boolean {
    return Math.abs(now - this.#takenAt) >= APART_MS;
  }

  take(sample: LiveSample, now: number): void {
    this.#takenAt = now;
    this.#samples.push({ sample, takenAt: now });
    if (this.#samples.length > MOST) this.#samples.shift();
  }

  /** Those that a relay should have stored by now, the oldest first. */
  stored(now: number): readonly LiveSample[] {
    return this.#samples
      .filter(({ takenAt }) => takenAt <= now - STORED_AFTER_MS)
      .map(({ sample }) => sample);
  }
}
