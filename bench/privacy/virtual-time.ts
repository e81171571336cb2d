import type { Clock, Schedule } from '../../src/core/basics/clock.ts';

interface Timer {
  readonly at: number;
  /** Timers of one moment fire in the order in which they were set. */
  readonly number: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** A clock and timers whose time passes as fast as the work is done. In milliseconds. */
export class VirtualTime {
  #now: number;
  #count = 0;
  /** A heap: each timer fires no later than the two at twice its place. */
  readonly #timers: Timer[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  readonly clock: Clock = () => this.#now;

  readonly schedule: Schedule = (ms, callback) => {
    const timer = { at: this.#now + ms, number: this.#count++, callback, isCancelled: false };
    this.#push(timer);
    return () => {
      timer.isCancelled = true;
    };
  };

  /** Lets time pass until this moment. What follows from the timers and calls of one moment has happened before the next moment. */
  async passUntil(end: number): Promise<void> {
    await settled();
    for (let first = this.#timers[0]; first !== undefined && first.at <= end; first = this.#timers[0]) {
      this.#now = Math.max(this.#now, first.at);
      // A timer that one of these sets belongs to a later turn of the event loop, even if it is for this moment.
      const set = this.#count;
      for (let timer = this.#due(set); timer !== undefined; timer = this.#due(set))
        if (!timer.isCancelled) timer.callback();
      await settled();
    }
    this.#now = end;
  }

  /** Takes out the first timer if its moment has come, and it is one of the first so many that were set. */
  #due(set: number): Timer | undefined {
    const [first] = this.#timers;
    return first !== undefined && first.at <= this.#now && first.number < set ? this.#pop() : undefined;
  }

  #push(timer: Timer): void {
    const timers = this.#timers;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(timer, timers[above] as Timer)) break;
      timers[at] = timers[above] as Timer;
      at = above;
    }
    timers[at] = timer;
  }

  #pop(): Timer | undefined {
    const timers = this.#timers;
    const [first] = timers;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= timers.length) break;
      if (below + 1 < timers.length && isBefore(timers[below + 1] as Timer, timers[below] as Timer)) below++;
      if (!isBefore(timers[below] as Timer, last)) break;
      timers[at] = timers[below] as Timer;
      at = below;
    }
    timers[at] = last;
    return first;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}

/** Resolves when everything has happened that waits only for promises. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
