import type { EchoModel } from './echoes.ts';
import type { Flock, Flocks } from './flocks.ts';
import type { PushLog } from './push-log.ts';

/** The order in which the members of a flock get their pushes. If it told who was meant, an attacker who knows the flock would name that one. */
export class BurstOrder {
  readonly #flocks: Flocks;
  readonly #model: EchoModel;
  /** By device, the places of its pushes in the log. */
  readonly #places: readonly (readonly number[])[];

  constructor(log: PushLog, flocks: Flocks, model: EchoModel) {
    this.#flocks = flocks;
    this.#model = model;
    const places = Array.from({ length: log.devices }, (): number[] => []);
    log.who.forEach((device, place) => places[device]?.push(place));
    this.#places = places;
  }

  /**
   * How probable it is that the device is named by an attacker who knows its flock, and names the member that was early, or late, on average.
   *
   * @param events when a relay showed the events of a key of the device
   */
  naming(device: number, events: readonly number[]): { early: number; late: number } {
    const members = this.#flockOf(device)?.members ?? [];
    const sums = new Float64Array(members.length);
    for (const ranks of this.#bursts(device, events))
      ranks.forEach((rank, n) => (sums[n] = (sums[n] as number) + rank));
    const own = sums[members.indexOf(device)] as number;
    return { early: shareOf(own, Math.min(...sums), sums), late: shareOf(own, Math.max(...sums), sums) };
  }

  /** The device's place in the burst after each of these events, from 0 for the first of its flock to 1 for the last. */
  places(device: number, events: readonly number[]): number[] {
    const members = this.#flockOf(device)?.members ?? [];
    return this.#bursts(device, events).map(
      (ranks) => (ranks[members.indexOf(device)] as number) / (members.length - 1),
    );
  }

  /** By event that has an echo, the ranks of all members in the likeliest burst. */
  #bursts(device: number, events: readonly number[]): number[][] {
    const flock = this.#flockOf(device);
    if (flock === undefined) return [];
    return events.flatMap((at) => {
      const likeliest = this.#model.echoes(flock.wakes, at).toSorted((a, b) => b.chance - a.chance)[0];
      if (likeliest === undefined) return [];
      const places = flock.members.map((member) => this.#places[member]?.[likeliest.wake] ?? 0);
      const sorted = places.toSorted((a, b) => a - b);
      return [places.map((place) => sorted.indexOf(place))];
    });
  }

  #flockOf(device: number): Flock | undefined {
    return this.#flocks.all[this.#flocks.of[device] ?? -1];
  }
}

function shareOf(own: number, best: number, sums: Float64Array): number {
  return own === best ? 1 / sums.filter((sum) => sum === best).length : 0;
}
