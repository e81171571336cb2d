import type { Schedule } from '../../src/core/basics/clock.ts';
import { FakeClock } from './fake-clock.ts';
import { settled } from './settled.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Timers that fire when the test lets time pass, each at its time and in order. */
export class FakeSchedule {
  readonly clock: FakeClock;
  readonly #timers = new Set<Timer>();

  constructor(clock = new FakeClock()) {
    this.clock = clock;
  }

  readonly schedule: Schedule = (ms, callback) => {
    const timer = { at: this.clock.now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** How many timers have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** How long until the next timer, in milliseconds. */
  get nextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : Math.max(0, next.at - this.clock.now);
  }

  /** Lets this much time pass. Everything that follows from a timer happens before the next timer fires. */
  async advance(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    await settled();
    for (let timer = this.#next(); timer !== undefined && timer.at <= until; timer = this.#next()) {
      this.#timers.delete(timer);
      this.clock.now = Math.max(this.clock.now, timer.at);
      timer.callback();
      await settled();
    }
    this.clock.now = until;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }
}
