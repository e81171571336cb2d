import type { Schedule } from '../../src/core/basics/schedule.ts';
import { FakeClock } from './fake-clock.ts';
import { settled } from './settled.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Timers that go off, each at its time and in their order, when the test lets time pass. */
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

  /** Timers that have not gone off and were not cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** How long until the next timer, in milliseconds. */
  get nextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : Math.max(0, next.at - this.clock.now);
  }

  /** Lets so much time pass; what follows from a timer has happened before the next one. */
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
