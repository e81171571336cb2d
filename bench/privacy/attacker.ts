import type { Background } from './background.ts';
import type { EchoModel } from './echoes.ts';
import type { Flocks } from './flocks.ts';

/** What every attacker has. */
export interface Evidence {
  readonly flocks: Flocks;
  readonly background: Background;
  readonly model: EchoModel;
}

export interface Attacker {
  /**
   * How probable it is that the attacker names this device for a key, after so many of its events.
   *
   * @param events when a relay showed the key's events
   * @param key the key, if its events are among those that every attacker knows
   */
  naming(
    device: number,
    events: readonly number[],
    counts: readonly number[],
    key?: number,
  ): readonly number[];
}

/** Two scores that differ by less are equal. */
const TIE = 1e-9;

/**
 * How probable it is that this device is named: the attacker names a random member of the flock where a member has the best score. If
 * several flocks are as good, it takes one of them at random.
 *
 * @param scores by flock, the score of the whole flock
 */
export function hit(device: number, flocks: Flocks, scores: Float64Array): number {
  const ofMember = (flock: number): number =>
    (scores[flock] as number) - Math.log(flocks.all[flock]?.members.length ?? 1);
  let best = -Infinity;
  for (let flock = 0; flock < scores.length; flock++) best = Math.max(best, ofMember(flock));
  if (ofMember(flocks.of[device] as number) < best - TIE) return 0;
  let tied = 0;
  for (let flock = 0; flock < scores.length; flock++)
    if (ofMember(flock) >= best - TIE) tied += flocks.all[flock]?.members.length ?? 1;
  return 1 / tied;
}
