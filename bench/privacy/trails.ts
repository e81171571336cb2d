import type { Echo, EchoModel } from './echoes.ts';
import type { Flocks } from './flocks.ts';

/** What the events of one key may have left in the wakes of one flock: for each event its possible echoes. */
export interface Trail {
  readonly flock: number;
  readonly echoes: readonly (readonly Echo[])[];
}

/** How well an event without any echo fits: a wake may have been lost. */
export const MISSED = Math.log(0.001);

/** The trails of a key in every flock that has one. @param events when a relay showed its events */
export function trailsOf(events: readonly number[], flocks: Flocks, model: EchoModel): Trail[] {
  const trails = new Map<number, { flock: number; echoes: (readonly Echo[])[] }>();
  events.forEach((at, n) => {
    for (const flock of flocks.woken(at, at + model.horizon)) {
      const echoes = model.echoes(flocks.all[flock]?.wakes ?? NONE, at);
      if (echoes.length === 0) continue;
      const trail = trails.get(flock) ?? { flock, echoes: [] };
      trails.set(flock, trail);
      while (trail.echoes.length < n) trail.echoes.push([]);
      trail.echoes.push(echoes);
    }
  });
  return [...trails.values()];
}

const NONE = new Float64Array();

/**
 * How much better "these events led to these wakes" explains them than other reasons do, as a logarithm. One wake is credited once: a
 * second event that it may answer says nothing.
 *
 * @param count of the key's first events
 * @param otherwise how probable the wake is without this key
 */
export function fit(
  { echoes }: Pick<Trail, 'echoes'>,
  count: number,
  otherwise: (echo: Echo) => number,
): number {
  let score = 0;
  let credited = -1;
  for (let n = 0; n < count; n++) {
    let ratio = 0;
    let [likeliest, most] = [credited, 0];
    for (const echo of echoes[n] ?? []) {
      ratio += echo.wake <= credited ? echo.chance : echo.chance / otherwise(echo);
      if (echo.chance > most) [likeliest, most] = [echo.wake, echo.chance];
    }
    credited = Math.max(credited, likeliest);
    score += Math.max(MISSED, Math.log(ratio));
  }
  return score;
}
