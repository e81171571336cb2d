import { JITTER } from './market.ts';
import { firstAt } from './push-log.ts';

/** A wake of a device that may be the echo of an event. */
export interface Echo {
  /** The place among the device's wakes. */
  readonly wake: number;
  /** How probable it is that the event wakes the device just then, if its key is the device's. */
  readonly chance: number;
  /** How long "just then" is, in seconds: the longer, the more often a wake falls there by accident. */
  readonly window: number;
}

/** What an attacker who knows the policy expects to follow an event. */
export interface EchoModel {
  /** The latest echo, in seconds after the event. */
  readonly horizon: number;
  /** The moment that a push belongs to: all pushes of one burst have the same. */
  moment(at: number): number;
  /** @param wakes when the device was woken @param at when a relay showed the event */
  echoes(wakes: Float64Array, at: number): readonly Echo[];
}

/** How exactly the attacker knows the moment of a wake that follows at once, in seconds. */
const MOMENT = 0.05;
/** Less probable echoes are not looked at. */
const LEAST_CHANCE = 1e-4;
/** All but one event in a million has reached the server by then. */
const LONGEST_WAY = 4;

/** How long events take from a relay to the server: a constant, and the sum of two exponential waits, in seconds. */
export interface Way {
  readonly least: number;
  readonly scale: number;
}

/** The first event wakes at once. A wake for later ones comes when one of these pauses after the last wake is over. */
export function coalescedEchoes(pauses: readonly number[]): EchoModel {
  const longest = Math.max(...pauses);
  return {
    horizon: longest + LONGEST_WAY,
    moment: (at) => Math.round(at / MOMENT),
    echoes(wakes, at) {
      const found: Echo[] = [];
      for (let wake = firstAt(wakes, at); (wakes[wake] as number) <= at + longest + LONGEST_WAY; wake++) {
        const now = wakes[wake] as number;
        const pause = pauseBefore(wakes, wake, pauses);
        const chance =
          pause === undefined
            ? arriving(now - at, JITTER) * MOMENT
            : arrived(now - at, JITTER) - arrived(now - pause - at, JITTER);
        if (chance > LEAST_CHANCE) found.push({ wake, chance, window: pause ?? MOMENT });
      }
      return found;
    },
  };
}

/** An event wakes at the first edge after it has reached the server. @param offset of the edges, in seconds */
export function slottedEchoes(slot: number, offset: number, way: Way = JITTER): EchoModel {
  const moment = (at: number): number => Math.floor((at + MOMENT - offset) / slot);
  return {
    horizon: 2 * slot + LONGEST_WAY,
    moment,
    echoes(wakes, at) {
      const found: Echo[] = [];
      for (let wake = firstAt(wakes, at); (wakes[wake] as number) <= at + 2 * slot + LONGEST_WAY; wake++) {
        const edge = offset + moment(wakes[wake] as number) * slot;
        const chance = arrived(edge - at, way) - arrived(edge - slot - at, way);
        if (chance > LEAST_CHANCE) found.push({ wake, chance, window: slot });
      }
      return found;
    },
  };
}

/** An echo that may come at any time until so many seconds after the event. */
export function lateEchoes(longest: number): EchoModel {
  return {
    horizon: longest,
    moment: (at) => Math.round(at / MOMENT),
    echoes(wakes, at) {
      const wake = firstAt(wakes, at);
      return (wakes[wake] as number) <= at + longest ? [{ wake, chance: 1, window: longest }] : [];
    },
  };
}

/** The pause at whose end the wake came, if there was a wake at its beginning. */
function pauseBefore(wakes: Float64Array, wake: number, pauses: readonly number[]): number | undefined {
  const now = wakes[wake] as number;
  return pauses.find((pause) => {
    const begun = firstAt(wakes, now - pause - MOMENT);
    return begun < wake && (wakes[begun] as number) <= now - pause + MOMENT;
  });
}

/** Where the edges of the slots lie: at the moment in which most pushes begin. The attacker reads this off the pushes. */
export function offsetOf(when: readonly number[], slot: number): number {
  const counts = new Int32Array(Math.ceil(slot / MOMENT) + 1);
  for (const time of when) counts[Math.round((time % slot) / MOMENT)]!++;
  return counts.indexOf(Math.max(...counts)) * MOMENT;
}

/** The share of events that have reached the server so many seconds after a relay showed them. */
function arrived(seconds: number, { least, scale }: Way): number {
  const scaled = (seconds - least) / scale;
  return scaled <= 0 ? 0 : 1 - (1 + scaled) * Math.exp(-scaled);
}

/** The same as a density. */
function arriving(seconds: number, { least, scale }: Way): number {
  const scaled = (seconds - least) / scale;
  return scaled <= 0 ? 0 : (scaled * Math.exp(-scaled)) / scale;
}
