import type { Clock } from '../basics/clock.ts';
import type { PushLanes } from '../lanes/push-lanes.ts';

/** A wake takes some turns of the event loop, of a millisecond at the most, until it is on its way to the push service. */
const RECENT_MS = 10;

type Lanes = Pick<PushLanes, 'request' | 'unsent' | 'follow'>;

/** The lanes as the waker sees them. Notes that it has asked for a wake: what can wait gives way to it. */
export class RecentWakes implements Lanes {
  readonly #lanes: Lanes;
  readonly #clock: Clock;
  #lastAt = -Infinity;

  /** @param clock milliseconds, from any beginning on; never set back */
  constructor(lanes: Lanes, clock: Clock) {
    this.#lanes = lanes;
    this.#clock = clock;
  }

  /** Whether a wake has been asked for just now. */
  get any(): boolean {
    return this.#clock() - this.#lastAt < RECENT_MS;
  }

  request(...asked: Parameters<Lanes['request']>): ReturnType<Lanes['request']> {
    this.#lastAt = this.#clock();
    return this.#lanes.request(...asked);
  }

  follow(...asked: Parameters<Lanes['follow']>): ReturnType<Lanes['follow']> {
    return this.#lanes.follow(...asked);
  }

  unsent(...asked: Parameters<Lanes['unsent']>): ReturnType<Lanes['unsent']> {
    return this.#lanes.unsent(...asked);
  }
}
