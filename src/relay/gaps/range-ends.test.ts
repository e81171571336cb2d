import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anyCounts, checkedGapOf, NOW } from '../../../test/support/gap-scenarios.ts';
import {
  recover,
  simulatedRelay,
  storedEvents,
  type StoredEvent,
} from '../../../test/support/simulated-relay.ts';

type Ends = readonly ('since' | 'until')[];

/** How many events the gap has, how many seconds apart, and which of them is poisoned. */
const SHAPES = [1, 3, 7, 60].flatMap((step) =>
  [5, 15, 60].flatMap((count) => [0, 1, 2, 3, count - 1].map((at) => ({ step, count, at }))),
);

/** The events that a recovery lacks, apart from the poisoned one. */
function lacking(excludes: Ends, { step, count, at }: (typeof SHAPES)[number]): string[] {
  const second = (n: number): number => NOW - 10 - n * step;
  const events = storedEvents(
    Object.fromEntries(Array.from({ length: count }, (_, n) => [second(n), 1] as const)),
  );
  const poison = new Set([`${second(at)}/0`]);
  const { ids } = recover(checkedGapOf(3700), simulatedRelay(events, { cap: 20, excludes, poison }), NOW);
  return events.map(({ id }) => id).filter((id) => !ids.has(id) && !poison.has(id));
}

const scenarios = fc.record({
  // Few events in a second, bursts of more than a page, and seconds without any.
  counts: fc.oneof(anyCounts([NOW - 40, NOW], 60), anyCounts([NOW - 300, NOW], 60)),
  cap: fc.integer({ min: 10, max: 50 }),
  isCapStated: fc.boolean(),
  oldestFirst: fc.boolean(),
  /** Whether events also end connections. */
  isPoisoned: fc.boolean(),
});

interface Outcome {
  /** The missing events that are not poisoned and share no second with a poisoned one. */
  readonly missing: readonly StoredEvent[];
  readonly pages: number;
  readonly isComplete: boolean;
}

function outcomeOf(excludes: Ends, scenario: Parameters<Parameters<typeof scenarios.map>[0]>[0]): Outcome {
  const { cap, counts, isCapStated, isPoisoned, oldestFirst } = scenario;
  const events = storedEvents(counts);
  // Two events that are three seconds apart or more.
  const poisoned = isPoisoned ? [events.at(0), events.at(-1)].filter((one) => one !== undefined) : [];
  const seconds = new Set(poisoned.map(({ created_at }) => created_at));
  const gap = checkedGapOf(310, isCapStated ? { maxLimit: cap } : {});
  const relay = simulatedRelay(events, {
    cap,
    excludes,
    oldestFirst,
    poison: new Set(poisoned.map(({ id }) => id)),
  });
  const { ids, pages } = recover(gap, relay, NOW);
  const missing = events.filter(({ created_at, id }) => !ids.has(id) && !seconds.has(created_at));
  return { missing, pages: pages.length, isComplete: gap.report().unrecovered === undefined };
}

describe.each<[Ends]>([[[]], [['until']], [['since']], [['since', 'until']]])(
  'at a relay that excludes %j of a filter',
  (excludes) => {
    test('an event that ends connections costs no other event', () => {
      expect(SHAPES.flatMap((shape) => lacking(excludes, shape))).toEqual([]);
    });

    test('every event is received but what a single second holds beyond a page, and but the seconds of events that end connections', () => {
      const property = fc.property(scenarios, (scenario) => {
        const { isComplete, missing } = outcomeOf(excludes, scenario);
        for (const { created_at } of missing)
          expect(scenario.counts[created_at]).toBeGreaterThan(scenario.cap);
        expect(isComplete).toBe(true);
      });
      fc.assert(property, { numRuns: 500 });
    });

    test('every event is received, but what a single second holds beyond a page, though the relay gives the oldest events of a page', () => {
      // Events of the last ten seconds may have been published after a page, so they contradict nothing.
      const counts = fc.oneof(anyCounts([NOW - 40, NOW - 20], 60), anyCounts([NOW - 300, NOW - 20], 60));
      const property = fc.property(counts, scenarios, (some, { cap, isCapStated }) => {
        const events = storedEvents(some);
        const gap = checkedGapOf(310, isCapStated ? { maxLimit: cap } : {});
        const { ids } = recover(gap, simulatedRelay(events, { cap, excludes, takes: 'oldest' }), NOW);
        for (const { created_at, id } of events)
          if (!ids.has(id)) expect(some[created_at]).toBeGreaterThan(cap);
      });
      fc.assert(property, { numRuns: 500 });
    });

    test('a gap costs at most three times the pages that it costs at a relay that includes both, and ten', () => {
      const unpoisoned = scenarios.filter(({ isPoisoned }) => !isPoisoned);
      const property = fc.property(unpoisoned, (scenario) => {
        const [{ pages }, usual] = [outcomeOf(excludes, scenario), outcomeOf([], scenario)];
        expect(pages).toBeLessThanOrEqual(3 * usual.pages + 10);
      });
      fc.assert(property, { numRuns: 500 });
    });
  },
);
