import { MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';

/** The least time between two samples, so that a burst of events gives one sample. */
const APART_MS = 30 * SECOND_MS;
/** The most samples that are kept: those of four minutes, if events come all the time. */
const MOST = 8;
/** A relay may take this long to store an event that it has sent. */
const STORED_AFTER_MS = MINUTE_MS;

/** An event that a relay has sent live. The relay must have stored it. */
export interface LiveSample {
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** Some of the latest live events of a relay, including those for strangers. */
export class LiveSamples {
  readonly #samples: { readonly sample: LiveSample; readonly takenAt: number }[] = [];
  #takenAt = -Infinity;

  /** Whether the next event should be taken as a sample. If the clock was set back, that delays no sample. @param now milliseconds */
  isDue(now: number): boolean {
    return Math.abs(now - this.#takenAt) >= APART_MS;
  }

  take(sample: LiveSample, now: number): void {
    this.#takenAt = now;
    this.#samples.push({ sample, takenAt: now });
    if (this.#samples.length > MOST) this.#samples.shift();
  }

  /** The samples that the relay should have stored by now, the oldest first. */
  stored(now: number): readonly LiveSample[] {
    return this.#samples
      .filter(({ takenAt }) => takenAt <= now - STORED_AFTER_MS)
      .map(({ sample }) => sample);
  }
}
