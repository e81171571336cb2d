import { firstAt, wakesOf, type PushLog } from './push-log.ts';

/** Devices that are always woken together. The carrier sees who they are, and no time of a wake tells one from another. */
export interface Flock {
  readonly members: readonly number[];
  readonly wakes: Float64Array;
}

/** All devices, by flock. Under a policy without cohorts, nearly every device is a flock of its own. */
export class Flocks {
  readonly all: readonly Flock[];
  /** By device, its flock. */
  readonly of: Int32Array;
  readonly #who: readonly number[];
  readonly #when: readonly number[];

  /** @param moment pushes of the same moment are one burst */
  constructor(log: PushLog, moment: (at: number) => number) {
    const wakes = wakesOf(log);
    const byMoments = new Map<string, { members: number[]; wakes: Float64Array; number: number }>();
    this.of = Int32Array.from(wakes, (times, device) => {
      const moments = times.map(moment).join();
      const flock = byMoments.get(moments) ?? { members: [], wakes: times, number: byMoments.size };
      byMoments.set(moments, flock);
      flock.members.push(device);
      return flock.number;
    });
    this.all = [...byMoments.values()];
    const [who, when] = [[] as number[], [] as number[]];
    log.who.forEach((device, place) => {
      const flock = this.of[device] as number;
      if (this.all[flock]?.members[0] !== device) return;
      who.push(flock);
      when.push(log.when[place] as number);
    });
    this.#who = who;
    this.#when = when;
  }

  /** The flocks that were woken in a span of time. */
  woken(from: number, until: number): ReadonlySet<number> {
    const found = new Set<number>();
    for (let place = firstAt(this.#when, from); (this.#when[place] as number) <= until; place++)
      found.add(this.#who[place] as number);
    return found;
  }
}
