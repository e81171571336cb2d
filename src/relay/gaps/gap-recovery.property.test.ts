import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anyCounts, gapOf, NOW } from '../../../test/support/gap-scenarios.ts';
import {
  recover,
  simulatedRelay,
  storedEvents,
  type StoredEvent,
} from '../../../test/support/simulated-relay.ts';
import type { RecoveryReport } from './page-plan.ts';

const SECONDS = 60;
const SINCE = NOW - SECONDS;

interface Scenario {
  readonly counts: Record<number, number>;
  /** The relay's own limit. */
  readonly cap: number;
  readonly maxLimit: number | undefined;
  /** How often the relay refuses a page at first, until it is small enough. */
  readonly refusals: number;
  readonly oldestFirst: boolean;
}

const counts = anyCounts([SINCE, NOW + 5], 60);
const cap = fc.integer({ min: 10, max: 50 });
const habits = { counts, cap, refusals: fc.constant(0), oldestFirst: fc.boolean() };

/** The relay says how much it gives at once. */
const stated = fc
  .record({ ...habits, refusals: fc.nat(8) })
  .map((scenario): Scenario => Object.assign(scenario, { maxLimit: scenario.cap }));
/** It does not say. */
const unstated: fc.Arbitrary<Scenario> = fc.record({ ...habits, maxLimit: fc.constant(undefined) });
/** It says something or other, and has refused some pages. */
const misstated: fc.Arbitrary<Scenario> = fc.record({
  ...habits,
  refusals: fc.nat(8),
  maxLimit: fc.integer({ min: 1, max: 60 }),
});

interface Outcome {
  readonly missing: readonly StoredEvent[];
  readonly pages: number;
  readonly report: RecoveryReport;
}

function outcomeOf({ counts: some, cap: most, maxLimit, oldestFirst, refusals }: Scenario): Outcome {
  const events = storedEvents(some);
  const gap = gapOf(SECONDS, { maxLimit });
  for (let n = 0; n < refusals; n++) gap.refused(true);
  const { ids, pages } = recover(gap, simulatedRelay(events, { cap: most, oldestFirst }), NOW);
  const missing = events.filter(({ id }) => !ids.has(id));
  return { missing, pages: pages.length, report: gap.report() };
}

function hold(
  scenarios: fc.Arbitrary<Scenario>,
  claim: (outcome: Outcome, scenario: Scenario) => void,
): void {
  const property = fc.property(scenarios, (scenario) => claim(outcomeOf(scenario), scenario));
  fc.assert(property, { numRuns: 2000 });
}

/** The least that a page can be full with: no page that was refused becomes smaller than ten. */
function leastPage({ cap: most, maxLimit = Infinity }: Scenario): number {
  return Math.min(most, maxLimit, 10);
}

/**
 * Whether a crowded second can be told from a full one at all: not where the relay keeps its limit to itself and has
 * nothing that is older.
 */
function canBeKnown(missing: readonly StoredEvent[], { counts: some }: Scenario): boolean {
  const oldest = Math.min(...Object.keys(some).map(Number));
  return missing.some(({ created_at }) => created_at > oldest);
}

describe.each([
  ['says its limit', stated],
  ['keeps its limit to itself', unstated],
  ['says another limit than it has', misstated],
])('of a relay that %s', (_, scenarios) => {
  test('every event is received but what a single second holds beyond a page', () => {
    hold(scenarios, ({ missing, report }, scenario) => {
      const page = Math.min(scenario.cap, scenario.maxLimit ?? Infinity);
      for (const { created_at } of missing) {
        const lost = missing.filter((other) => other.created_at === created_at).length;
        expect((scenario.counts[created_at] ?? 0) - lost).toBeGreaterThanOrEqual(page);
      }
      expect(report.unrecovered).toBeUndefined();
    });
  });

  test('it ends after at most four pages for each second that has events, and two', () => {
    hold(scenarios, ({ pages }, { counts: some }) => {
      expect(pages).toBeLessThanOrEqual(4 * Object.keys(some).length + 2);
    });
  });

  test('no crowded second is reported where none fills a page', () => {
    hold(scenarios, ({ report }, scenario) => {
      const fullest = Math.max(0, ...Object.values(scenario.counts));
      if (fullest < leastPage(scenario)) expect(report.crowdedSeconds).toBe(0);
    });
  });
});

test('what is missing is reported as crowded always, where the relay says its limit', () => {
  hold(stated, ({ missing, report }) => {
    if (missing.length > 0) expect(report.crowdedSeconds).toBeGreaterThan(0);
  });
});

test('what is missing is reported as crowded where the relay keeps its limit to itself, if anything shows that limit', () => {
  hold(unstated, ({ missing, report }, scenario) => {
    if (canBeKnown(missing, scenario)) expect(report.crowdedSeconds).toBeGreaterThan(0);
  });
});

test('what is missing is reported as crowded where the relay says another limit than it has, if anything shows that limit', () => {
  // A refused page is asked for with less than the relay gives, and then nothing shows what it gives.
  const taken = misstated.map((scenario): Scenario => Object.assign(scenario, { refusals: 0 }));
  hold(taken, ({ missing, report }, scenario) => {
    if (canBeKnown(missing, scenario)) expect(report.crowdedSeconds).toBeGreaterThan(0);
  });
});
