import type { Clock } from '../../src/core/basics/clock.ts';

/** A clock that stands still until the test moves it. */
export class FakeClock {
  now: number;

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.now = now;
  }

  readonly read: Clock = () => this.now;

  /** Unix seconds, as events have them. */
  get seconds(): number {
    return Math.floor(this.now / 1000);
  }

  advance(ms: number): void {
    this.now += ms;
  }
}
