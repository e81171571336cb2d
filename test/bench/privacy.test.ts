import { describe, expect, test } from 'vitest';

import { brokenBounds, brokenRealBounds } from '../../bench/privacy/bounds.ts';
import { joinTells, knownActivity, reactionTells, stayed } from '../../bench/privacy/breaks.ts';
import { Background } from '../../bench/privacy/background.ts';
import { BurstOrder } from '../../bench/privacy/burst-order.ts';
import { Chance } from '../../bench/privacy/chance.ts';
import { costsOf } from '../../bench/privacy/costs.ts';
import { coalescedEchoes, lateEchoes, offsetOf, slottedEchoes } from '../../bench/privacy/echoes.ts';
import { Flocks } from '../../bench/privacy/flocks.ts';
import { JointAttack } from '../../bench/privacy/joint-attack.ts';
import { DAY, drawMarket, probed, type Market } from '../../bench/privacy/market.ts';
import { cohorts, heartbeat, prompt, slots } from '../../bench/privacy/policies.ts';
import type { PushLog } from '../../bench/privacy/push-log.ts';
import type { Exposure } from '../../bench/privacy/exposure.ts';
import { SimpleAttack } from '../../bench/privacy/simple-attack.ts';
import { VirtualTime } from '../../bench/privacy/virtual-time.ts';
import { pushesOf } from '../../bench/privacy/world.ts';
import type { EchoModel } from '../../bench/privacy/echoes.ts';

const DAYS = 2;
const SLOT = 30;

/** Keys with ten events each, at random times. Key n belongs to device n. */
function events(keys: number, seed: number): number[][] {
  const chance = new Chance(seed);
  return Array.from({ length: keys }, () =>
    Array.from({ length: 10 }, () => chance.uniform() * DAYS * DAY).toSorted((a, b) => a - b),
  );
}

/** A log of these pushes: by device, when it was woken. */
function logOf(wakes: readonly (readonly number[])[]): PushLog {
  const pushes = wakes
    .flatMap((times, device) => times.map((at) => ({ device, at })))
    .toSorted((a, b) => a.at - b.at);
  return { devices: wakes.length, who: pushes.map(({ device }) => device), when: pushes.map(({ at }) => at) };
}

const edgeAfter = (at: number): number => Math.ceil((at + 0.5) / SLOT) * SLOT;
const atEdges = (times: readonly number[]): number[] => [...new Set(times.map(edgeAfter))];

/** How often each attacker names the right device after all ten events, over all keys. */
function accuracy(shown: readonly number[][], log: PushLog, model: EchoModel): number[] {
  const flocks = new Flocks(log, (at) => model.moment(at));
  const evidence = { flocks, background: new Background(flocks.all, DAYS), model };
  return [new SimpleAttack(evidence), new JointAttack(evidence, shown, DAYS)].map((attacker) => {
    const shares = shown.map((times, key) => attacker.naming(key, times, [10], key)[0] ?? 0);
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  });
}

describe('both attackers', () => {
  test('name every device whose wake follows each event at once', () => {
    const shown = events(60, 1);
    const log = logOf(shown.map((times) => times.map((at) => at + 0.5)));
    expect(accuracy(shown, log, coalescedEchoes([5, 60]))).toEqual([1, 1]);
  });

  test('name every device whose wakes leave at the edges after its events', () => {
    const shown = events(60, 2);
    expect(accuracy(shown, logOf(shown.map(atEdges)), slottedEchoes(SLOT, 0))).toEqual([1, 1]);
  });

  test('name no more devices than chance does if the wakes have nothing to do with the events', () => {
    const shown = events(100, 3);
    const log = logOf(events(100, 4));
    for (const model of [coalescedEchoes([5, 60]), slottedEchoes(SLOT, 0), lateEchoes(1200)])
      for (const share of accuracy(shown, log, model)) expect(share).toBeLessThan(0.05);
  });

  test('name each device of a cohort equally often if all are woken at each event of any of them', () => {
    const shown = events(64, 5);
    const union = (device: number): number[] =>
      shown.slice(device - (device % 8), device - (device % 8) + 8).flat();
    const log = logOf(shown.map((_, device) => atEdges(union(device))));
    for (const share of accuracy(shown, log, slottedEchoes(SLOT, 0))) expect(share).toBeCloseTo(1 / 8, 2);
  });
});

test('the joint attacker tells the two sides of a trade apart by what another key explains, and the simple one cannot', () => {
  const chance = new Chance(6);
  const some = (count: number): number[] =>
    Array.from({ length: count }, () => chance.uniform() * DAYS * DAY).toSorted((a, b) => a - b);
  // Three steps of a trade reach both sides. After that, the trade goes on for device 1 alone, and device 0 is woken for another trade.
  const [steps, later, other] = [some(3), some(10), some(10)];
  const taker = [...steps, ...later].toSorted((a, b) => a - b);
  const log = logOf([atEdges([...steps, ...other]), atEdges(taker)]);
  const model = slottedEchoes(SLOT, 0);
  const flocks = new Flocks(log, (at) => model.moment(at));
  const evidence = { flocks, background: new Background(flocks.all, DAYS), model };
  expect(new SimpleAttack(evidence).naming(0, steps, [3])).toEqual([0.5]);
  expect(new JointAttack(evidence, [steps, taker, other], DAYS).naming(0, steps, [3], 0)).toEqual([1]);
});

test('the order of a burst is found out if it tells who was meant', () => {
  const chance = new Chance(7);
  const shown = Array.from({ length: 10 }, () => chance.uniform() * DAYS * DAY).toSorted((a, b) => a - b);
  const model = slottedEchoes(SLOT, 0);
  const order = (place: number): { early: number; late: number } => {
    const log = logOf([0, 1, 2, 3].map((n) => atEdges(shown).map((at) => at + 0.001 * ((n + place) % 4))));
    return new BurstOrder(log, new Flocks(log, (at) => model.moment(at)), model).naming(0, shown);
  };
  expect([order(0), order(1), order(3)]).toEqual([
    { early: 1, late: 0 },
    { early: 0, late: 0 },
    { early: 0, late: 1 },
  ]);
});

describe('the market', () => {
  const market = drawMarket({ devices: 100, tradesPerDay: 40, days: 3 }, 1);

  test('is the same for the same seed, and another one for another', () => {
    expect(drawMarket(market, 1).steps).toEqual(market.steps);
    expect(drawMarket(market, 2).steps).not.toEqual(market.steps);
  });

  test('has keys with some nine events each, and two devices in each trade', () => {
    const counts = market.events.map(({ length }) => length).toSorted((a, b) => a - b);
    expect(counts[counts.length >> 1]).toBeGreaterThan(6);
    expect(counts[counts.length >> 1]).toBeLessThan(13);
    for (let key = 0; key < market.deviceOf.length; key += 2)
      expect(market.deviceOf[key]).not.toBe(market.deviceOf[key + 1]);
  });

  test('lets an attacker send twenty events for a key, ten to forty minutes apart', () => {
    const { market: shown, probes } = probed(market, [3], 1);
    const times = probes.get(3) ?? [];
    const gaps = times.slice(1).map((at, n) => (at - (times[n] ?? 0)) / 60);
    expect([times.length, shown.steps.length]).toEqual([20, market.steps.length + 20]);
    expect([Math.min(...gaps) >= 10, Math.max(...gaps) <= 40]).toEqual([true, true]);
  });
});

test('the program wakes a device at once under prompt, and at an edge that the attacker can read off under slots', async () => {
  const market: Market = {
    devices: 2,
    tradesPerDay: 1,
    days: 1,
    deviceOf: [0, 1],
    events: [[100], [130]],
    steps: [
      { at: 100, arrives: 100.5, key: 0, isChat: false },
      { at: 130, arrives: 130.5, key: 1, isChat: false },
    ],
  };
  expect(await pushesOf(market, prompt('prompt', 5, 60))).toEqual({
    devices: 2,
    who: [0, 1],
    when: [100.5, 130.5],
  });
  const log = await pushesOf(market, slots(30));
  const offset = offsetOf(log.when, 30);
  expect(log.when.map((at) => Math.round(((at - offset) % 30) * 10) / 10)).toEqual([0, 0]);
  expect(costsOf(market, log, 60)).toMatchObject({ pushesPerDay: 1, crowdedHours: 0 });
});

test('virtual time fires timers in their order, with all that follows from them, and no timer that was cancelled', async () => {
  const time = new VirtualTime(0);
  const fired: string[] = [];
  const note = (name: string) => (): void => void fired.push(`${time.clock()} ${name}`);
  time.schedule(20, note('b'));
  time.schedule(10, () => {
    note('a')();
    void Promise.resolve().then(() => time.schedule(5, note('follows')));
  });
  time.schedule(20, note('c'));
  time.schedule(15, note('cancelled'))();
  time.schedule(31, note('late'));
  // What follows from the calls above by promises alone belongs to this moment, too.
  void Promise.resolve()
    .then(() => Promise.resolve())
    .then(() => Promise.resolve())
    .then(note('by promises'));
  await time.passUntil(30);
  expect([fired, time.clock()]).toEqual([['0 by promises', '10 a', '15 follows', '20 b', '20 c'], 30]);
});

describe('a bound', () => {
  const EXTENT = { devices: 1000, probedKeys: 60, probedMarkets: 3 };
  const shares = { simple: [0.1, 0.12], joint: [0.11, 0.125] };
  const exposure: Exposure = {
    passive: shares,
    probing: shares,
    burstOrder: { early: 0.12, late: 0.14, chance: 0.125, error: 0.01 },
    costs: { delays: { median: 0, p95: 0 }, pushesPerDay: 0, crowdedHours: 0 },
  };
  const broken = (parts: Partial<Exposure>): number =>
    brokenBounds([{ policy: cohorts(8, 30), exposure: { ...exposure, ...parts } }], EXTENT).length;

  const hits = (share: number): number => {
    const some = { simple: [0, share], joint: [0] };
    const hit = { ...exposure, passive: some, probing: some, burstOrder: undefined };
    return brokenBounds([{ policy: heartbeat(20), exposure: hit }], EXTENT).length;
  };

  test('holds while every attacker is within three points of it, and bursts tell nothing by their order', () => {
    expect(broken({})).toBe(0);
  });

  test('is broken by any attacker at any number of events, and by the order of bursts', () => {
    expect([
      broken({ passive: { ...shares, joint: [0.16, 0.1] } }),
      broken({ probing: { ...shares, simple: [0.1, 0.16] } }),
      broken({ burstOrder: { early: 0.17, late: 0.1, chance: 0.125, error: 0.01 } }),
    ]).toEqual([1, 1, 1]);
  });

  test('of chance alone is broken by more hits than chance gives', () => {
    expect([hits(0.029), hits(0.031)]).toEqual([0, 1]);
  });

  test('of the compiled program is broken if a burst cannot be looked at', () => {
    const real = { simple: 0.1, joint: 0.1, flocks: 8, pushes: 1, place: { mean: 0.5, error: 0.03 } };
    const policy = { name: 'cohorts', environment: {}, bound: 0.125 };
    const count = (parts: Partial<typeof real>): number =>
      brokenRealBounds([{ policy, exposure: { ...real, ...parts } }]).length;
    expect([count({}), count({ joint: 0.2 }), count({ place: { mean: 0.7, error: 0.03 } })]).toEqual([
      0, 1, 1,
    ]);
    expect(count({ place: { mean: Number.NaN, error: Infinity } })).toBe(1);
  });
});

describe('what breaks a cohort', () => {
  const model = slottedEchoes(SLOT, 0);
  const market: Market = {
    devices: 4,
    tradesPerDay: 1,
    days: DAYS,
    deviceOf: [0, 0, 0, 1],
    events: [[DAY + 100], [DAY + 200], [DAY + 300], [DAY + 4000]],
    steps: [],
  };

  test('is a member with most of the keys', () => {
    const together = logOf([0, 1, 2, 3].map(() => [DAY + 120]));
    const flocks = new Flocks(together, (at) => model.moment(at));
    expect(knownActivity(flocks, market)).toEqual({ mostActive: 3 / 4, siblings: 6 / 12 });
  });

  test('is a device that is woken for the first time when its first key has its first event', () => {
    const begins = logOf([[DAY + 120, DAY + 4020], [DAY + 4020], [30], [30]]);
    expect(joinTells(market, begins, model)).toEqual({ recall: 1, precision: 1 });
    const together = logOf([[30, DAY + 120], [30, DAY + 4020], [30], [30]]);
    expect(joinTells(market, together, model).recall).toBe(0);
  });

  test('is a phone that reacts to its own wakes, and a member that leaves', () => {
    expect(reactionTells(8, 12, 1)).toBeGreaterThan(0.99);
    expect(stayed(8, 0.01, 30)).toBeCloseTo(6.2, 1);
  });
});
