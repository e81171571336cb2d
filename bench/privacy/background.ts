import { busyness, DAY } from './market.ts';
import { firstAt } from './push-log.ts';
import type { Flock } from './flocks.ts';

const RECENT = 30 * 60;

/** How often a flock is woken anyhow: half its mean over all days, by the time of day, and half what it was in the last half hour. */
export class Background {
  /** By flock, how often it was woken anyhow at each of its wakes, per second. */
  readonly #rates: readonly Float64Array[];

  /** @param weight how much a wake counts */
  constructor(
    flocks: readonly Flock[],
    days: number,
    weight: (flock: number, wake: number) => number = () => 1,
  ) {
    this.#rates = flocks.map(({ wakes }, flock) => {
      const sums = new Float64Array(wakes.length + 1);
      for (let wake = 0; wake < wakes.length; wake++)
        sums[wake + 1] = (sums[wake] as number) + weight(flock, wake);
      const mean = (sums.at(-1) ?? 0) / (days * DAY);
      return wakes.map((at, wake) => {
        const recent = ((sums[wake] as number) - (sums[firstAt(wakes, at - RECENT)] as number)) / RECENT;
        return (mean * busyness(at) + recent) / 2;
      });
    });
  }

  /** How probable it is that the flock has this wake for another reason, in so long a window before it. */
  chance(flock: number, wake: number, window: number): number {
    return Math.max(1e-9, 1 - Math.exp(-window * (this.#rates[flock]?.[wake] ?? 0)));
  }
}
