import { Chance } from './chance.ts';
import type { PushLog } from './push-log.ts';
import type { EchoModel } from './echoes.ts';
import { Flocks } from './flocks.ts';
import { DAY, drawMarket, type Market, type MarketSize } from './market.ts';
import type { AttackedPolicy } from './policies.ts';
import { pushesOf } from './world.ts';

/** What an attacker gains who knows how active each member of a cohort is. */
export interface KnownActivity {
  /** The share of keys that belong to the most active member of their cohort. */
  readonly mostActive: number;
  /** The probability that two keys of one cohort belong to one device. */
  readonly siblings: number;
}

/** How unevenly the keys of a cohort are spread over its members. */
export function knownActivity(flocks: Flocks, market: Market): KnownActivity {
  const counts = new Float64Array(market.devices);
  for (const device of market.deviceOf) counts[device] = (counts[device] as number) + 1;
  let [keys, most, same, pairs] = [0, 0, 0, 0];
  for (const { members } of flocks.all) {
    const own = members.map((member) => counts[member] as number);
    const all = own.reduce((sum, count) => sum + count, 0);
    keys += all;
    most += Math.max(...own);
    for (const count of own) same += count * (count - 1);
    pairs += all * (all - 1);
  }
  return { mostActive: most / keys, siblings: same / pairs };
}

/** How often a phone shows that it was woken, to its own system: a notification, or the app is opened within two minutes. */
const REACTS = { meant: 0.5, cover: 0.03 } as const;
const TRIALS = 20_000;

/** How probable it is that the phones' own system names the right member of a cohort after so many events, by how the phones react. */
export function reactionTells(size: number, events: number, seed: number): number {
  const chance = new Chance(seed);
  let named = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    // A reaction counts the same at each event, so the member with the most of them is named.
    const counts = Array.from({ length: size }, (_, member) =>
      reactions(events, member === 0 ? REACTS.meant : REACTS.cover, chance),
    );
    const best = Math.max(...counts);
    if (counts[0] === best) named += 1 / counts.filter((count) => count === best).length;
  }
  return named / TRIALS;
}

function reactions(events: number, share: number, chance: Chance): number {
  let count = 0;
  for (let event = 0; event < events; event++) if (chance.uniform() < share) count++;
  return count;
}

/** Members of a cohort that were there all the time, beside one that stays, if so many leave a day. */
export function stayed(size: number, leaving: number, days: number): number {
  return 1 + (size - 1) * (1 - leaving) ** days;
}

/** What the first push of a device tells about its first key. */
export interface JoinTells {
  /** The share of devices whose first push answers the first event of their first key. */
  readonly recall: number;
  /** Their share among all devices that got their first push just then. */
  readonly precision: number;
}

/** Names the devices that are woken for the first time when a key begins to have events. */
export function joinTells(market: Market, log: PushLog, model: EchoModel): JoinTells {
  const begun = new Map<number, number>();
  log.who.forEach((device, place) => {
    if (!begun.has(device)) begun.set(device, log.when[place] as number);
  });
  const moments = Float64Array.from(begun.values()).toSorted();
  const known = new Set<number>();
  let [keys, right, named] = [0, 0, 0];
  market.events.forEach(([at], key) => {
    const device = market.deviceOf[key] as number;
    if (at === undefined || known.has(device)) return;
    known.add(device);
    // On the first day nearly every device is new.
    if (at < DAY) return;
    keys++;
    const likeliest = model.echoes(moments, at).toSorted((a, b) => b.chance - a.chance)[0];
    if (likeliest === undefined) return;
    const moment = model.moment(moments[likeliest.wake] as number);
    named += moments.filter((one) => model.moment(one) === moment).length;
    if (model.moment(begun.get(device) ?? -1) === moment) right++;
  });
  return { recall: right / keys, precision: right / named };
}

/** What breaks the bound of a cohort, each with what it gives the attacker, as shares. */
export interface Breaks {
  readonly size: number;
  /** By how long before its first event a device is registered, in seconds. */
  readonly joining: ReadonlyMap<number, JoinTells>;
  readonly activity: KnownActivity;
  /** By events, how often the reaction of phones names the right member. */
  readonly reaction: ReadonlyMap<number, number>;
  /** By days, how many members were there all the time, if one in a hundred leaves a day. */
  readonly stayed: ReadonlyMap<number, number>;
}

/** @param size of a cohort under the policy */
export async function breaksOf(
  policy: AttackedPolicy,
  size: number,
  extent: MarketSize,
  seed: number,
): Promise<Breaks> {
  const market = drawMarket(extent, seed);
  const joining = new Map<number, JoinTells>();
  for (const ahead of [0, DAY / 24, DAY]) {
    const log = await pushesOf(market, policy, { ahead });
    joining.set(ahead, joinTells(market, log, policy.model(log.when)));
  }
  const log = await pushesOf(market, policy);
  const model = policy.model(log.when);
  const flocks = new Flocks(log, (at) => model.moment(at));
  return {
    size,
    joining,
    activity: knownActivity(flocks, market),
    reaction: new Map([1, 3, 5].map((events) => [events, reactionTells(size, events, seed)])),
    stayed: new Map([7, 30, 90].map((days) => [days, stayed(size, 0.01, days)])),
  };
}
