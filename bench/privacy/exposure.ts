import type { Attacker, Evidence } from './attacker.ts';
import { Background } from './background.ts';
import { BurstOrder } from './burst-order.ts';
import { Chance } from './chance.ts';
import { costsOf, type Costs } from './costs.ts';
import { Flocks } from './flocks.ts';
import { JointAttack } from './joint-attack.ts';
import { DAY, drawMarket, probed, PROBING, type Market, type MarketSize } from './market.ts';
import type { AttackedPolicy } from './policies.ts';
import type { PushLog } from './push-log.ts';
import { SimpleAttack } from './simple-attack.ts';
import { pushesOf } from './world.ts';

/** After how many events of a key the attacker names a device. */
export const EVENTS = [1, 3, 5, 10, 20] as const;
/** After how many probes. */
export const PROBES = [1, 3, 5, 10] as const;
/** A key is attacked only if it has so many events. */
const LEAST_EVENTS = 5;

export interface Extent extends MarketSize {
  /** Keys that are attacked by what relays show. */
  readonly targets: number;
  /** Markets in which keys are probed, and how many keys in each: so few that the probes do not hide one another. */
  readonly probedMarkets: number;
  readonly probedKeys: number;
}

export type AttackerName = 'simple' | 'joint';

/** How often an attacker is right who knows the flock of a key's device, and names the member whose pushes came early, or late, on average. */
export interface OrderTells {
  readonly early: number;
  readonly late: number;
  /** What chance gives, and its standard error. */
  readonly chance: number;
  readonly error: number;
}

/** What an attacker achieves: the share of keys for which it names the right device. */
export interface Exposure {
  readonly passive: Readonly<Record<AttackerName, readonly number[]>>;
  readonly probing: Readonly<Record<AttackerName, readonly number[]>>;
  /** What the order of bursts tells; absent if a device has a burst of its own. */
  readonly burstOrder: OrderTells | undefined;
  readonly costs: Costs;
}

/** Runs the policy, attacks it passively and by probing, and measures what it costs. */
export async function exposureOf(policy: AttackedPolicy, extent: Extent, seed: number): Promise<Exposure> {
  const market = drawMarket(extent, seed);
  const targets = targetsOf(market, extent.targets, 0, new Chance(seed + 1));
  const log = await pushesOf(market, policy);
  const { attackers, evidence } = attack(policy, market, log);
  const passive = namingOf(
    attackers,
    EVENTS,
    targets.map((key) => ({ key, device: market.deviceOf[key] ?? 0, events: market.events[key] ?? [] })),
  );
  return {
    passive,
    probing: await probingOf(policy, extent, seed),
    // Under a bound of zero, devices that are woken together are so by chance.
    burstOrder: policy.bound === 0 ? undefined : orderTells(market, log, evidence),
    costs: costsOf(market, log, policy.longest),
  };
}

async function probingOf(policy: AttackedPolicy, extent: Extent, seed: number): Promise<Exposure['probing']> {
  const rounds: Exposure['probing'][] = [];
  for (let round = 1; round <= extent.probedMarkets; round++) {
    const quiet = drawMarket(extent, seed + 100 * round);
    const keys = targetsOf(quiet, extent.probedKeys, PROBING, new Chance(seed + 100 * round + 1));
    const { market, probes } = probed(quiet, keys, seed + 100 * round + 2);
    const { attackers } = attack(policy, market, await pushesOf(market, policy));
    const targets = [...probes].map(([key, events]) => ({ device: market.deviceOf[key] ?? 0, events }));
    rounds.push(namingOf(attackers, PROBES, targets));
  }
  const together = (name: AttackerName): number[] =>
    PROBES.map((_, at) => mean(rounds.map((round) => round[name][at] ?? 0)));
  return { simple: together('simple'), joint: together('joint') };
}

function attack(
  { model }: AttackedPolicy,
  market: Market,
  log: PushLog,
): { attackers: Readonly<Record<AttackerName, Attacker>>; evidence: Evidence } {
  const expected = model(log.when);
  const flocks = new Flocks(log, (at) => expected.moment(at));
  const background = new Background(flocks.all, market.days);
  const evidence = { flocks, background, model: expected };
  const joint = new JointAttack(evidence, market.events, market.days);
  return { attackers: { simple: new SimpleAttack(evidence), joint }, evidence };
}

interface Target {
  readonly device: number;
  /** Absent if the events are probes, which are not among those of the market. */
  readonly key?: number;
  readonly events: readonly number[];
}

/** The share of targets that each attacker names right, after so many events, among those that have so many. */
function namingOf(
  attackers: Readonly<Record<AttackerName, Attacker>>,
  counts: readonly number[],
  targets: readonly Target[],
): Readonly<Record<AttackerName, readonly number[]>> {
  const shares = (attacker: Attacker): number[] => {
    const found = counts.map((): number[] => []);
    for (const { device, events, key } of targets) {
      const reached = counts.filter((count) => count <= events.length);
      attacker.naming(device, events, reached, key).forEach((share, at) => found[at]?.push(share));
    }
    return found.map(mean);
  };
  return { simple: shares(attackers.simple), joint: shares(attackers.joint) };
}

/** Draws keys to attack. A quarter of them have as many events as the attacker may want. @param before the end, in seconds, by which their events are over */
function targetsOf(market: Market, count: number, before: number, chance: Chance): number[] {
  const end = market.days * DAY - before;
  const fit = market.events.flatMap((events, key) => {
    const [first = 0, last = Infinity] = [events[0], events.at(-1)];
    return events.length >= LEAST_EVENTS && first > DAY / 2 && last < end ? [key] : [];
  });
  const long = fit.filter((key) => (market.events[key]?.length ?? 0) >= Math.max(...EVENTS));
  return Array.from({ length: count }, (_, n) => {
    const from = n % 4 === 0 && long.length > 0 ? long : fit;
    return from[chance.below(from.length)] ?? 0;
  });
}

/** Looks at every key of a device that is not woken alone. */
function orderTells(market: Market, log: PushLog, { flocks, model }: Evidence): OrderTells | undefined {
  const order = new BurstOrder(log, flocks, model);
  const sizes: number[] = [];
  const named = market.events.flatMap((events, key) => {
    const device = market.deviceOf[key] ?? 0;
    const size = flocks.all[flocks.of[device] ?? 0]?.members.length ?? 1;
    if (size === 1 || events.length < LEAST_EVENTS) return [];
    sizes.push(size);
    return [order.naming(device, events)];
  });
  if (named.length === 0) return undefined;
  const chance = mean(sizes.map((size) => 1 / size));
  return {
    early: mean(named.map(({ early }) => early)),
    late: mean(named.map(({ late }) => late)),
    chance,
    error: Math.sqrt((chance * (1 - chance)) / named.length),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
