import { Chance } from './chance.ts';

export const DAY = 86_400;
const MINUTE = 60;

/** Relay to server to carrier: a constant and the sum of two exponential waits, in seconds. */
export const JITTER = { least: 0.15, scale: 0.2 } as const;
/** How much busier than the mean the busiest moment of a day is. */
const DAILY = 0.7;

export interface MarketSize {
  readonly devices: number;
  readonly tradesPerDay: number;
  readonly days: number;
}

/** Something that leads to a wake. Times are in seconds from the market's start. */
export interface Step {
  /** When a relay shows the event. A chat message is on no relay. */
  readonly at: number;
  /** When the server has it. */
  readonly arrives: number;
  readonly key: number;
  readonly isChat: boolean;
  /** The number of the recovery that finds the event; absent if the event comes live. */
  readonly recovery?: number;
}

/** A synthetic market: who trades when, and what the relays show of it. */
export interface Market extends MarketSize {
  /** By trade key, its device. This is what the attacker wants to know. */
  readonly deviceOf: readonly number[];
  /** By trade key, when the relays show its events. */
  readonly events: readonly (readonly number[])[];
  /** All events and chat messages, in the order in which they arrive. */
  readonly steps: readonly Step[];
}

/** How busy the market is at a time of day, beside the mean. Everybody knows it. */
export function busyness(at: number): number {
  return 1 + DAILY * Math.sin((2 * Math.PI * at) / DAY);
}

/**
 * Draws a market. Trades start as a Poisson process with a daily cycle. Both sides are drawn by weights with a heavy tail. A trade has
 * 5 to 20 steps, and each step reaches the maker, the taker, or both, with a burst of events.
 */
export function drawMarket(size: MarketSize, seed: number): Market {
  const chance = new Chance(seed);
  const sides = weighted(size.devices, chance);
  const end = size.days * DAY;
  const deviceOf: number[] = [];
  const events: number[][] = [];
  const steps: Step[] = [];
  const note = (key: number, at: number, isChat: boolean): void => {
    if (at >= end) return;
    if (!isChat) events[key]?.push(at);
    steps.push({ at, arrives: at + jitter(chance), key, isChat });
  };
  for (let at = 0; ;) {
    at += chance.exponential(DAY / (size.tradesPerDay * (1 + DAILY)));
    if (at >= end) break;
    if (chance.uniform() * (1 + DAILY) > busyness(at)) continue;
    const maker = sides();
    let taker = sides();
    while (taker === maker) taker = sides();
    const keys = [deviceOf.push(maker) - 1, deviceOf.push(taker) - 1] as const;
    events.push([], []);
    drawTrade(keys, at, chance, note);
  }
  for (const times of events) times.sort((a, b) => a - b);
  steps.sort((a, b) => a.arrives - b.arrives);
  return { ...size, deviceOf, events, steps };
}

/** The market with events that an attacker sends: so many for each of these keys, beginning some time after the key's last own event. */
export function probed(
  market: Market,
  keys: readonly number[],
  seed: number,
): { market: Market; probes: ReadonlyMap<number, readonly number[]> } {
  const chance = new Chance(seed);
  const probes = new Map<number, number[]>();
  const steps = [...market.steps];
  for (const key of keys) {
    const times: number[] = [];
    let at = quietAfter(market.events[key]?.at(-1) ?? 0);
    for (let n = 0; n < PROBES; n++) {
      at += (10 + 30 * chance.uniform()) * MINUTE;
      times.push(at);
      steps.push({ at, arrives: at + jitter(chance), key, isChat: false });
    }
    probes.set(key, times);
  }
  steps.sort((a, b) => a.arrives - b.arrives);
  return { market: { ...market, steps }, probes };
}

/** The next time at which the market is about to be quiet for eight hours. */
function quietAfter(at: number): number {
  const quiet = Math.floor(at / DAY) * DAY + QUIET;
  return quiet > at ? quiet : quiet + DAY;
}

/** The time of day, in seconds. */
const QUIET = 14 * 3600;
const PROBES = 20;
/** The longest time that {@link probed} takes for one key. */
export const PROBING = DAY + PROBES * 40 * MINUTE;

type Note = (key: number, at: number, isChat: boolean) => void;

function drawTrade(
  [maker, taker]: readonly [number, number],
  start: number,
  chance: Chance,
  note: Note,
): void {
  let at = start;
  const times = [start];
  const count = Math.min(20, 5 + Math.floor(chance.exponential(3.8)));
  const left = new Map([
    [maker, MOST_EVENTS],
    [taker, MOST_EVENTS],
  ]);
  for (let step = 0; step < count; step++) {
    if (step > 0) times.push((at += gap(chance)));
    const reached = [[maker], [taker], [maker, taker]][chance.choice([0.2, 0.2, 0.6])] ?? [];
    for (const key of reached) {
      let when = at + (reached.length > 1 ? chance.exponential(0.2) : 0);
      for (let burst = 1 + chance.choice(BURSTS); burst > 0; burst--) {
        const room = left.get(key) ?? 0;
        if (room > 0) note(key, when, false);
        left.set(key, room - 1);
        when += chance.exponential(1);
      }
    }
  }
  for (let talks = chance.poisson(1.5); talks > 0; talks--) {
    let when = start + chance.uniform() * (at - start);
    for (let messages = Math.ceil(16 ** chance.uniform()); messages > 0; messages--) {
      note(chance.uniform() < 0.5 ? maker : taker, when, true);
      when += chance.logNormal(30, 1);
    }
  }
}

const MOST_EVENTS = 40;
/** How many events a step has, from one to four. */
const BURSTS = [0.58, 0.24, 0.11, 0.07];

/** Between two steps of a trade: a machine's answer, a human's, or a slow human's. */
function gap(chance: Chance): number {
  const kind = chance.choice([0.35, 0.45, 0.2]);
  if (kind === 0) return chance.logNormal(15, 1);
  return kind === 1 ? chance.logNormal(4 * MINUTE, 1.5) : chance.logNormal(90 * MINUTE, 1.2);
}

function jitter(chance: Chance): number {
  return JITTER.least + chance.exponential(JITTER.scale) + chance.exponential(JITTER.scale);
}

/** Some thirty times the mean weight. */
const MOST_WEIGHT = 120;

/** Draws devices by weights with a heavy tail: a Pareto distribution (1.2), cut. */
function weighted(devices: number, chance: Chance): () => number {
  const sums = new Float64Array(devices);
  let sum = 0;
  for (let device = 0; device < devices; device++) {
    sum += Math.min(MOST_WEIGHT, (1 - chance.uniform()) ** (-1 / 1.2));
    sums[device] = sum;
  }
  return () => {
    const drawn = chance.uniform() * sum;
    let [low, high] = [0, devices - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
