import { hit, type Attacker, type Evidence } from './attacker.ts';
import { Background } from './background.ts';
import type { Echo } from './echoes.ts';
import { fit, MISSED, trailsOf, type Trail } from './trails.ts';

/** Flocks that a key is matched with, at most: those that fit best. */
const MOST_CANDIDATES = 30;
const ROUNDS = 6;
/** Keys that a flock has, beside those that are matched with it. */
const LEAST_KEYS = 1;

/** A flock that a key may belong to. */
interface Candidate extends Trail {
  /** How probable it is that the key belongs to the flock. */
  share: number;
  /** By wake of the flock, how probable it is that the key led to it, if the key belongs to the flock. */
  readonly led: ReadonlyMap<number, number>;
}

/**
 * Matches all keys with all flocks together, by expectation and maximisation. A wake that another key explains says little about this key,
 * and a wake that nothing else explains says much. A flock is the more probable, the more keys it has.
 */
export class JointAttack implements Attacker {
  readonly #evidence: Evidence;
  /** By key, its candidates. */
  readonly #candidates: readonly (readonly Candidate[])[];
  /** By flock and wake, how many keys led to it. */
  readonly #explained: readonly Float64Array[];
  /** By flock, how many keys it has. */
  readonly #keys: Float64Array;
  /** Wakes that no key explains: chat messages. */
  #rest: Background;
  readonly #days: number;

  /** @param events by key, when a relay showed its events: of all keys, for the whole time */
  constructor(evidence: Evidence, events: readonly (readonly number[])[], days: number) {
    const { all } = evidence.flocks;
    this.#evidence = evidence;
    this.#days = days;
    this.#rest = evidence.background;
    this.#explained = all.map(({ wakes }) => new Float64Array(wakes.length));
    this.#keys = Float64Array.from(all, ({ wakes }) => wakes.length / 10);
    this.#candidates = events.map((times) => this.#candidatesOf(times));
    this.#keys.fill(0);
    for (const candidates of this.#candidates) for (const one of candidates) this.#count(one, 1);
    for (let round = 0; round < ROUNDS; round++) this.#improve(events);
  }

  naming(device: number, events: readonly number[], counts: readonly number[], key?: number): number[] {
    const { flocks, model } = this.#evidence;
    const own = key === undefined ? [] : (this.#candidates[key] ?? []);
    for (const one of own) this.#count(one, -1);
    const trails = trailsOf(events.slice(0, Math.max(...counts)), flocks, model);
    const named = counts.map((count) => {
      const scores = this.#keys.map((keys) => Math.log(keys + LEAST_KEYS) + count * MISSED);
      for (const trail of trails) scores[trail.flock] = this.#score(trail, count);
      return hit(device, flocks, scores);
    });
    for (const one of own) this.#count(one, 1);
    return named;
  }

  /** The flocks in which the key has left the best trails, each with a first guess. */
  #candidatesOf(events: readonly number[]): Candidate[] {
    const { flocks, model } = this.#evidence;
    const trails = trailsOf(events, flocks, model).map((trail) => ({
      trail,
      score: this.#score(trail, events.length),
    }));
    const best = trails.toSorted((a, b) => b.score - a.score).slice(0, MOST_CANDIDATES);
    const shares = normalised(best.map(({ score }) => score));
    return best.map(({ trail }, n) => ({
      flock: trail.flock,
      echoes: trail.echoes,
      share: shares[n] as number,
      led: ledBy(trail),
    }));
  }

  /** One round: each key is matched anew, by what all other keys explain. */
  #improve(events: readonly (readonly number[])[]): void {
    this.#rest = new Background(this.#evidence.flocks.all, this.#days, (flock, wake) =>
      Math.exp(-(this.#explained[flock]?.[wake] as number)),
    );
    this.#candidates.forEach((candidates, key) => {
      for (const one of candidates) this.#count(one, -1);
      const count = events[key]?.length ?? 0;
      const shares = normalised(candidates.map((one) => this.#score(one, count)));
      candidates.forEach((one, n) => {
        one.share = shares[n] as number;
        this.#count(one, 1);
      });
    });
  }

  #score(trail: Trail, count: number): number {
    const { flock } = trail;
    const explained = this.#explained[flock] as Float64Array;
    const otherwise = ({ wake, window }: Echo): number =>
      1 - (1 - this.#rest.chance(flock, wake, window)) * Math.exp(-Math.max(0, explained[wake] as number));
    return Math.log((this.#keys[flock] as number) + LEAST_KEYS) + fit(trail, count, otherwise);
  }

  /** Adds what a key explains, or takes it away. */
  #count({ flock, led, share }: Candidate, sign: 1 | -1): void {
    const explained = this.#explained[flock] as Float64Array;
    this.#keys[flock] = (this.#keys[flock] as number) + sign * share;
    for (const [wake, chance] of led) explained[wake] = (explained[wake] as number) + sign * share * chance;
  }
}

function ledBy({ echoes }: Trail): Map<number, number> {
  const led = new Map<number, number>();
  for (const { chance, wake } of echoes.flat()) led.set(wake, 1 - (1 - (led.get(wake) ?? 0)) * (1 - chance));
  return led;
}

/** Probabilities from scores. */
function normalised(scores: readonly number[]): number[] {
  const best = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - best));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
