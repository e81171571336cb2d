import { hit, type Attacker, type Evidence } from './attacker.ts';
import { fit, MISSED, trailsOf } from './trails.ts';

/**
 * Looks at one key at a time. The score of a flock is how much better the key's events explain its wakes than its usual rate does, and how
 * active it is.
 */
export class SimpleAttack implements Attacker {
  readonly #evidence: Evidence;
  readonly #priors: Float64Array;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#priors = Float64Array.from(evidence.flocks.all, ({ wakes }) => Math.log(wakes.length + 0.5));
  }

  naming(device: number, events: readonly number[], counts: readonly number[]): number[] {
    const { background, flocks, model } = this.#evidence;
    const trails = trailsOf(events.slice(0, Math.max(...counts)), flocks, model);
    return counts.map((count) => {
      const scores = this.#priors.map((prior) => prior + count * MISSED);
      for (const trail of trails)
        scores[trail.flock] =
          (this.#priors[trail.flock] as number) +
          fit(trail, count, ({ wake, window }) => background.chance(trail.flock, wake, window));
      return hit(device, flocks, scores);
    });
  }
}
