import { describe, expect, test } from 'vitest';

import { gapOf, NOW } from '../../../test/support/gap-scenarios.ts';
import {
  recover,
  simulatedRelay,
  storedEvents,
  type Answering,
  type RelayHabits,
} from '../../../test/support/simulated-relay.ts';
import type { GapRecovery } from './gap-recovery.ts';
import { RECOVERY_BOUNDS } from './page-plan.ts';

const SINCE = NOW - 60;

/** Asks the relay for what is left of the gap. @returns how many events came, and with which limits they were asked for */
function ask(gap: GapRecovery, answer: Answering): { received: number; limits: number[] } {
  const { ids, pages } = recover(gap, answer, NOW);
  return { received: ids.size, limits: pages.map(({ limit }) => limit) };
}

/** A relay that takes no limit above this. */
function strict(most: number, events: Readonly<Record<number, number>>, habits?: RelayHabits): Answering {
  const relay = simulatedRelay(storedEvents(events), habits);
  return (page) => (page.limit > most ? { events: [], end: 'refused, too many' } : relay(page));
}

test('the pages of a recovery begin without an end in time, since a clock may be ahead', () => {
  expect(gapOf(60).next()).toEqual({ since: SINCE, limit: 500 });
});

test('the pages of a recovery ask for no more than the relay says that it gives', () => {
  expect(gapOf(60, { maxLimit: 100 }).next()).toMatchObject({ limit: 100 });
  expect(gapOf(60, { maxLimit: 5000 }).next()).toMatchObject({ limit: 500 });
});

test('the pages of a recovery go back with the oldest second once more, for a page may end in the middle of one', () => {
  const gap = gapOf(60, { maxLimit: 2 });
  const relay = simulatedRelay(storedEvents({ [NOW]: 1, [NOW - 9]: 2, [NOW - 20]: 1 }), { cap: 2 });
  const { ids, pages } = recover(gap, relay, NOW);
  expect(ids.size).toBe(4);
  expect(pages.slice(0, 3).map(({ until }) => until)).toEqual([undefined, NOW - 9, NOW - 9]);
});

test('the pages of a recovery end with one that is empty', () => {
  expect(ask(gapOf(60), simulatedRelay([])).limits).toEqual([500]);
  expect(gapOf(60).report()).toMatchObject({ pages: 0, crowdedSeconds: 0, poisonedSeconds: [] });
});

test('the pages of a recovery include both ends of the gap, and what is dated ahead', () => {
  const events = storedEvents({ [SINCE]: 1, [NOW]: 1, [NOW + 800]: 1, [SINCE - 1]: 1 });
  expect(ask(gapOf(60), simulatedRelay(events)).received).toBe(3);
});

test('the pages of a recovery ask for a second that fills a page with all that the relay may give', () => {
  const gap = gapOf(60);
  const { limits, received } = ask(gap, simulatedRelay(storedEvents({ [NOW]: 900, [NOW - 5]: 2 })));
  expect({ received, limits: limits.slice(0, 4) }).toEqual({
    received: 902,
    limits: [500, 500, 1000, 500],
  });
  expect(gap.report().crowdedSeconds).toBe(0);
});

test('the pages of a recovery leave a second that fills even that, and report it', () => {
  const gap = gapOf(60, { maxLimit: 600 });
  const relay = simulatedRelay(storedEvents({ [NOW]: 700, [NOW - 5]: 2 }), { cap: 600 });
  expect(ask(gap, relay).received).toBe(602);
  expect(gap.report().crowdedSeconds).toBe(1);
});

test('a relay that keeps its limit to itself shows it by a page that was cut off: a second with as many is reported as crowded', () => {
  const gap = gapOf(60);
  ask(gap, simulatedRelay(storedEvents({ [NOW]: 3, [NOW - 5]: 60, [NOW - 20]: 9 }), { cap: 50 }));
  expect(gap.report().crowdedSeconds).toBe(1);
});

test('a relay that refuses pages is asked for half as many each time, but never for less than ten', () => {
  const gap = gapOf(60);
  const limits = Array.from({ length: 9 }, () => [gap.next()?.limit, gap.refused(true)][0]);
  expect(limits).toEqual([500, 250, 125, 62, 31, 15, 10, 10, 10]);
});

test('a relay that refuses pages is asked for as many as before when that is not the reason', () => {
  const gap = gapOf(60);
  gap.refused(false);
  expect(gap.next()).toMatchObject({ limit: 500 });
});

test('a relay that refuses pages nine times in a row is given up, with all that is left', () => {
  const gap = gapOf(60);
  expect(ask(gap, () => ({ events: [], end: 'refused' })).limits).toHaveLength(9);
  expect(gap.report().unrecovered).toEqual({ since: SINCE, until: Infinity, reason: 'refused' });
});

test('a relay that refuses pages now and then is not given up', () => {
  const relay = simulatedRelay(storedEvents({ [NOW]: 1, [NOW - 5]: 1, [NOW - 9]: 1 }), { cap: 1 });
  let asked = 0;
  const moody: Answering = (page) =>
    asked++ % 9 === 8 ? relay(page) : { events: [], end: 'refused, too many' };
  const gap = gapOf(60);
  expect(ask(gap, moody).received).toBe(3);
  expect(gap.report()).not.toHaveProperty('unrecovered');
});

test('a relay that refuses pages only where they are too large gives all the same', () => {
  const gap = gapOf(60);
  expect(ask(gap, strict(100, { [NOW]: 40, [NOW - 5]: 40, [NOW - 9]: 40 })).received).toBe(120);
  expect(gap.report()).not.toHaveProperty('unrecovered');
});

test('a relay that refuses pages where they are too large for a single crowded second loses that second and not the gap', () => {
  const gap = gapOf(60);
  const { received } = ask(gap, strict(100, { [NOW]: 2, [NOW - 5]: 130, [NOW - 20]: 7 }));
  expect(gap.report()).not.toHaveProperty('unrecovered');
  expect(gap.report().crowdedSeconds).toBe(1);
  expect(received).toBeGreaterThanOrEqual(2 + 62 + 7);
});

describe('the bounds of a recovery', () => {
  const relay = simulatedRelay(storedEvents({ [NOW]: 1, [NOW - 5]: 1, [NOW - 9]: 1, [NOW - 40]: 1 }), {
    cap: 2,
  });

  test.each([
    ['pages', { ...RECOVERY_BOUNDS, pages: 2 }],
    ['events', { ...RECOVERY_BOUNDS, events: 3 }],
  ] as const)('end it when so many %s are reached, and what is left is named', (reason, bounds) => {
    const gap = gapOf(60, { bounds });
    recover(gap, relay, NOW);
    expect(gap.report().unrecovered).toMatchObject({ since: SINCE, reason });
    expect(gap.report().unrecovered?.until).toBeLessThan(NOW);
    expect(gap.report()[reason]).toBe(bounds[reason]);
    expect(gap.next()).toBeUndefined();
  });

  test('end it when so much time was spent', () => {
    const gap = gapOf(60, { bounds: { ...RECOVERY_BOUNDS, timeMs: 100 } });
    gap.spent(60);
    expect(gap.next()).toBeDefined();
    gap.spent(40);
    expect(gap.next()).toBeUndefined();
    expect(gap.report().unrecovered).toEqual({ since: SINCE, until: Infinity, reason: 'timeMs' });
  });

  test('name the whole rest, on both sides of a second that is gone around', () => {
    const gap = gapOf(60, { bounds: { ...RECOVERY_BOUNDS, pages: 1 }, poisoned: [NOW - 30] });
    recover(gap, relay, NOW);
    expect(gap.report().unrecovered).toEqual({ since: SINCE, until: NOW - 5, reason: 'pages' });
  });

  test('are no bounds once everything was received', () => {
    const gap = gapOf(60, { bounds: { ...RECOVERY_BOUNDS, timeMs: 100 } });
    recover(gap, relay, NOW);
    gap.spent(1000);
    expect(gap.next()).toBeUndefined();
    expect(gap.report()).not.toHaveProperty('unrecovered');
  });

  test('end it, too, where every page ends the connection', () => {
    const { losses } = recover(gapOf(60), () => ({ events: [], end: 'lost' }), NOW);
    expect(losses).toBeLessThan(1000);
  });
});
