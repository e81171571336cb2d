import { describe, expect, test } from 'vitest';

import {
  CohortWorld,
  MEMBERS,
  type CohortWorldOptions,
  type SeenPush,
} from '../../../test/support/cohort-world.ts';
import { seededChance } from '../../../test/support/cohorts.ts';
import { SECOND_MS } from '../basics/clock.ts';
import type { Delivery } from '../lanes/delivery.ts';

const DELIVERED: Delivery = { outcome: 'delivered' };
/** Wakes that a statistic is made of: an eighth of them are real. */
const WAKES = 10_000;
/** So far from 0.5 may the area under the ROC curve be, with a standard deviation of 0.009; for retries, which are fewer, 0.02. */
const THRESHOLD = { place: 0.05, time: 0.05, attempts: 0.05, retry: 0.1 };
type Measure = keyof typeof THRESHOLD;
const MEASURES = Object.keys(THRESHOLD) as Measure[];

/** The area under the ROC curve: how often a value of the first kind is above one of the second. 0.5 tells nothing. */
function auc(real: readonly number[], cover: readonly number[]): number {
  const all = [
    ...real.map((value) => ({ value, isReal: true })),
    ...cover.map((value) => ({ value, isReal: false })),
  ];
  all.sort((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to++;
    // Equal values share the mean of their ranks.
    for (let at = from; at < to; at++) if (all[at]?.isReal === true) ranks += (from + to + 1) / 2;
    from = to;
  }
  return (ranks - (real.length * (real.length + 1)) / 2) / (real.length * cover.length);
}

/** Many 503, some 429 with a `Retry-After`, and deliveries. */
function fickle(chance: () => number): Delivery {
  const draw = chance();
  if (draw < 0.15) return { outcome: 'retry', reason: 'http_503' };
  if (draw < 0.18) return { outcome: 'retry', reason: 'http_429', afterMs: 2 * SECOND_MS };
  return DELIVERED;
}

async function createWorld(options: CohortWorldOptions): Promise<CohortWorld> {
  const world = new CohortWorld(options);
  await world.begin();
  return world;
}

/** By measure, the values of the real wakes and those of the cover wakes. */
type Seen = Record<Measure, { readonly real: number[]; readonly cover: number[] }>;

/** Adds what a push service sees of one burst. @param device whose event it is */
function note(seen: Seen, pushes: readonly SeenPush[], device: number): void {
  const first = pushes.filter(({ attempt }) => attempt === 0);
  for (const [place, push] of first.entries()) {
    const kind = push.device === device ? 'real' : 'cover';
    const again = pushes.filter((other) => other.device === push.device);
    seen.place[kind].push(place);
    seen.time[kind].push(push.at - (first[0]?.at ?? 0));
    seen.attempts[kind].push(again.length);
    if (again[1] !== undefined) seen.retry[kind].push(again[1].at - push.at);
  }
}

describe.each([3, MEMBERS])('of a cohort whose lane has %i attempts at once', (concurrency) => {
  test('all that the push service, the log and the metrics are shown is the same to the byte, whichever member an event is for', async () => {
    const shown = new Set<string>();
    for (let device = 0; device < MEMBERS; device++) {
      const world = await createWorld({ seed: 7, concurrency, answer: fickle });
      const pushes: SeenPush[] = [];
      for (let slot = 0; slot < 5; slot++) pushes.push(...(await world.slot(device)));
      expect(pushes.length).toBeGreaterThan(5 * MEMBERS);
      shown.add(JSON.stringify([pushes, world.told]));
    }
    expect([...shown]).toHaveLength(1);
  });

  test('10 000 wakes are not told apart by place, time, attempts or wait before a retry: the AUC is 0.5 ± 0.05, for retries ± 0.1', async () => {
    const world = await createWorld({ seed: 11, concurrency, answer: fickle });
    const draw = seededChance(3);
    const seen = Object.fromEntries(
      MEASURES.map((measure) => [measure, { real: [], cover: [] }]),
    ) as unknown as Seen;
    while (seen.place.real.length + seen.place.cover.length < WAKES) {
      const device = Math.floor(draw() * MEMBERS);
      note(seen, await world.slot(device), device);
    }
    expect(seen.retry.real.length).toBeGreaterThan(150);
    const apart = MEASURES.filter(
      (measure) => Math.abs(auc(seen[measure].real, seen[measure].cover) - 0.5) >= THRESHOLD[measure],
    );
    expect(apart).toEqual([]);
  });
});

test('a trace of a named key tells of its own events, and a cover wake is in no trace', async () => {
  const world = await createWorld({ seed: 5, concurrency: MEMBERS, answer: () => DELIVERED });
  await world.slot(2);
  expect(new Set(world.telemetry.steps.map(({ key }) => key))).toEqual(new Set(world.keysOf(2)));
});
