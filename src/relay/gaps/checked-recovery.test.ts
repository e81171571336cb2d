import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anyCounts, checkedGapOf, gapOf, gapOptions, NOW } from '../../../test/support/gap-scenarios.ts';
import {
  recover,
  simulatedRelay,
  storedEvents,
  type RelayHabits,
  type StoredEvent,
} from '../../../test/support/simulated-relay.ts';
import { CheckedRecovery } from './checked-recovery.ts';
import type { RecoveryReport } from './page-plan.ts';

const HOUR = 3600;
const SINCE = NOW - HOUR;

/** One event every minute and a half: forty in an hour. */
const FORTY = storedEvents(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [NOW - 5 - n * 89, 1])));

interface Outcome {
  readonly missing: readonly StoredEvent[];
  readonly pages: number;
  readonly report: RecoveryReport;
}

function outcomeOf(events: readonly StoredEvent[], habits: RelayHabits, maxLimit?: number): Outcome {
  const gap = checkedGapOf(HOUR, { maxLimit });
  const { ids, pages } = recover(gap, simulatedRelay(events, habits), NOW);
  return { missing: events.filter(({ id }) => !ids.has(id)), pages: pages.length, report: gap.report() };
}

/** Seconds with fewer events than the relay gives at once, so that nothing is missing for want of room. */
const scenarios = fc.record({
  counts: anyCounts([SINCE + 1, NOW - 1], 7),
  cap: fc.integer({ min: 8, max: 50 }),
  oldestFirst: fc.boolean(),
});

const ORDERS = [undefined, 'oldest', 'any'] as const;
const ENDS = [[], ['until'], ['since'], ['since', 'until']].map((excludes) => ({
  excludes: excludes as ('since' | 'until')[],
}));

test.each([
  ['the oldest first', { takes: 'oldest' }],
  ['any, and others each time', { takes: 'any' }],
  ['the newest, but takes until to be exclusive', { excludes: ['until'] }],
  ['the newest, but takes since to be exclusive', { excludes: ['since'] }],
  ['the oldest, and takes both ends to be exclusive', { takes: 'oldest', excludes: ['since', 'until'] }],
  ['the newest, and knows no since', { ignores: ['since'] }],
  ['the newest, and knows no limit', { ignores: ['limit'] }],
] as const)('a relay that gives five at once of forty %s: gives all of them in the end', (_, habits) => {
  const { missing, report } = outcomeOf(FORTY, { cap: 5, ...habits });
  expect(missing).toEqual([]);
  expect(report.unrecovered).toBeUndefined();
  expect(report.crowdedSeconds).toBe(0);
});

test.each([
  ['knows no until', { ignores: ['until'] }],
  ['gives the same whatever it is asked for', { ignores: ['since', 'until', 'limit'] }],
] as const)(
  'a relay that gives five at once of forty and %s is not said to have been recovered from',
  (_, habits) => {
    const { missing, report } = outcomeOf(FORTY, { cap: 5, ...habits });
    expect(missing.length).toBeGreaterThan(0);
    expect(report.unrecovered).toMatchObject({ since: expect.any(Number) as number, reason: 'inconsistent' });
  },
);

test('a relay that answers a check without an end is heard no longer than a recovery may have events', () => {
  const bounds = { ...gapOptions(HOUR).bounds, events: 100 };
  const gap = checkedGapOf(HOUR, { bounds });
  const relay = simulatedRelay(storedEvents({ [NOW - 9]: 1, [NOW - 5]: 2 }));
  let page = gap.next();
  // Until a part of a page is asked for once more.
  for (; page?.since === SINCE; page = gap.next()) {
    for (const { created_at: createdAt, id } of relay(page).events) gap.received(createdAt, id);
    gap.ended();
  }
  let heard = 1;
  while (heard < 1000 && gap.received(NOW, `${heard}`)) heard++;
  expect([page, heard]).toEqual([expect.objectContaining({ since: NOW - 8 }), 100]);
});

test('a relay that leaves something else out of every page gives it in the end, or is said to contradict itself', () => {
  let told = 0;
  for (let seed = 0; seed < 50; seed++) {
    const skips = (id: string, page: number): boolean =>
      Math.sin(page * 12.9898 + (Number(id.split('/')[0]) % 10_007) * 78.233 + seed) > 0.5;
    const { missing, report } = outcomeOf(FORTY, { skips });
    if (report.unrecovered !== undefined) told++;
    else expect(missing).toEqual([]);
  }
  expect(told).toBeGreaterThan(0);
});

describe.each(ORDERS)('of a relay that takes %s first', (takes) => {
  test.each(ENDS)('everything is received, whichever ends of a filter it excludes: %j', ({ excludes }) => {
    let incomplete = 0;
    const property = fc.property(scenarios, ({ counts, cap, oldestFirst }) => {
      const events = storedEvents(counts);
      const { missing, report } = outcomeOf(events, {
        cap,
        oldestFirst,
        excludes,
        ...(takes && { takes }),
      });
      expect(report.unrecovered).toBeUndefined();
      // In one of some five thousand of these gaps, a relay that takes any looks by chance like one that takes the newest.
      if (takes === 'any' && missing.length > 0) incomplete++;
      else expect(missing).toEqual([]);
    });
    fc.assert(property, { numRuns: 300 });
    expect(incomplete).toBeLessThanOrEqual(2);
  });
});

test('of a relay that gives the newest first, as it must everything is received that a recovery without checks receives, for a few pages more', () => {
  const property = fc.property(scenarios, ({ counts, cap, oldestFirst }) => {
    const events = storedEvents(counts);
    const plain = recover(gapOf(HOUR), simulatedRelay(events, { cap, oldestFirst }), NOW);
    const { missing, pages, report } = outcomeOf(events, { cap, oldestFirst });
    expect(missing).toEqual(events.filter(({ id }) => !plain.ids.has(id)));
    expect(report.unrecovered).toBeUndefined();
    expect(pages).toBeLessThanOrEqual(plain.pages.length + Math.ceil(Math.log2(plain.pages.length + 1)));
  });
  fc.assert(property, { numRuns: 300 });
});

test('of a relay that gives the newest first, as it must what was published meanwhile raises no doubt: it is younger than the page', () => {
  const gap = checkedGapOf(HOUR);
  let published = 0;
  const answer = (
    page: Parameters<ReturnType<typeof simulatedRelay>>[0],
  ): ReturnType<ReturnType<typeof simulatedRelay>> => {
    const more = storedEvents({ [NOW - 1]: 1, [NOW]: ++published });
    return simulatedRelay([...FORTY, ...more])(page);
  };
  const { pages } = recover(gap, answer, NOW);
  expect(gap.report().unrecovered).toBeUndefined();
  expect(pages.length).toBeLessThan(12);
});

test('of a relay that gives the newest first, as it must a check that it refuses three times is left out', () => {
  const relay = simulatedRelay(FORTY);
  const answer: typeof relay = (page) => (page.since > SINCE ? { events: [], end: 'refused' } : relay(page));
  const gap = checkedGapOf(HOUR);
  expect(recover(gap, answer, NOW).ids.size).toBe(40);
  expect(gap.report().unrecovered).toBeUndefined();
});

test.each(['oldest', 'any'] as const)(
  'events that end the connection cost nothing but their own seconds at a relay that takes %s first',
  (takes) => {
    const property = fc.property(scenarios, fc.nat(), ({ counts, cap }, die) => {
      const events = storedEvents(counts);
      const deadly = events[die % Math.max(1, events.length)];
      const habits = { cap, takes, poison: new Set(deadly === undefined ? [] : [deadly.id]) };
      const { missing, report } = outcomeOf(events, habits);
      for (const { created_at } of missing) expect(created_at).toBe(deadly?.created_at);
      expect(report.unrecovered).toBeUndefined();
    });
    fc.assert(property, { numRuns: 300 });
  },
);

test('a second that holds more than the relay gives at once is reported, in whatever order it gives', () => {
  for (const takes of ['oldest', 'any'] as const) {
    const events = storedEvents({ [NOW - 60]: 30, [NOW - 90]: 3, [NOW - 30]: 4 });
    const { missing, report } = outcomeOf(events, { cap: 12, takes });
    for (const { created_at } of missing) expect(created_at).toBe(NOW - 60);
    expect(report.crowdedSeconds).toBe(1);
  }
});

test('the bounds hold for slices too, and what is left is named', () => {
  const bounds = { pages: 12, events: 500_000, losses: 500, timeMs: 1000 };
  const gap = checkedGapOf(HOUR, { bounds });
  recover(gap, simulatedRelay(FORTY, { cap: 3, takes: 'oldest' }), NOW);
  expect(gap.report().unrecovered).toMatchObject({ since: SINCE, reason: 'pages' });
});

describe('what a relay has sent live', () => {
  const sent = FORTY.slice(0, 4).map(({ id, created_at: createdAt }) => ({ id, createdAt }));
  const reportOf = (events: readonly StoredEvent[], samples: typeof sent): RecoveryReport => {
    const gap = new CheckedRecovery({ ...gapOptions(HOUR), now: () => NOW, samples });
    recover(gap, simulatedRelay(events), NOW);
    return gap.report();
  };

  test('and none of which it has stored: what came meanwhile is not there either', () => {
    expect(reportOf([], sent).unrecovered).toEqual({ since: SINCE, until: Infinity, reason: 'inconsistent' });
    expect(reportOf(FORTY.slice(10), sent).unrecovered?.reason).toBe('inconsistent');
  });

  test('may be deleted, all but one of the last three', () => {
    expect(reportOf(FORTY.slice(3), sent).unrecovered).toBeUndefined();
  });

  test('tells nothing where there was little of it, or where it is older than the gap', () => {
    expect(reportOf([], sent.slice(0, 2)).unrecovered).toBeUndefined();
    const old = sent.map(({ id }) => ({ id, createdAt: SINCE }));
    expect(reportOf([], old).unrecovered).toBeUndefined();
  });
});

test.each([
  ['between two seconds', NOW - 60.5],
  ['too far ahead to be counted down from', 2 ** 60],
  ['in milliseconds', NOW * 1000],
])(
  'events whose time is no second, which anybody can publish, %s: raise no doubt about a relay, and hide nothing where there is a doubt',
  (_, created_at) => {
    const odd = Array.from({ length: 70 }, (__, n) => ({ id: `odd ${n}`, created_at }));
    for (const cap of [50, 500])
      for (const takes of [undefined, 'oldest'] as const) {
        const { missing, pages, report } = outcomeOf([...FORTY, ...odd], { cap, ...(takes && { takes }) });
        expect(missing.filter(({ id }) => !id.startsWith('odd'))).toEqual([]);
        expect(report.unrecovered).toBeUndefined();
        expect(pages).toBeLessThan(60);
      }
  },
);
