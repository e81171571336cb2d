import { describe, expect, test } from 'vitest';

import { gapOf, NOW } from '../../../test/support/gap-scenarios.ts';
import { recover, simulatedRelay, storedEvents } from '../../../test/support/simulated-relay.ts';

const SINCE = NOW - 60;

test('a relay that does not heed the filter by its until is given up', () => {
  const gap = gapOf(60, { maxLimit: 20 });
  const events = storedEvents({ [NOW]: 39, [NOW - 10]: 9 });
  recover(gap, simulatedRelay(events, { cap: 20, ignores: ['until'] }), NOW);
  expect(gap.report().unrecovered).toMatchObject({ since: SINCE, reason: 'refused' });
});

test('a relay that does not heed the filter by its since alone is recovered from', () => {
  const gap = gapOf(60, { maxLimit: 20 });
  const events = storedEvents({ [NOW]: 9, [NOW - 10]: 9, [SINCE - 10]: 9 });
  const { ids } = recover(gap, simulatedRelay(events, { cap: 20, ignores: ['since'] }), NOW);
  expect(ids.size).toBeGreaterThanOrEqual(18);
  expect(gap.report()).not.toHaveProperty('unrecovered');
});

test('a relay that does not heed the filter by an event now and then that comes live into a page is recovered from', () => {
  const relay = simulatedRelay(storedEvents({ [NOW - 5]: 3 }), {});
  const gap = gapOf(60);
  const { ids } = recover(
    gap,
    (page) => {
      const answer = relay(page);
      return { ...answer, events: [...answer.events, { id: 'live', created_at: NOW + 1 }] };
    },
    NOW,
  );
  expect(ids.size).toBeGreaterThanOrEqual(3);
  expect(gap.report()).not.toHaveProperty('unrecovered');
});

test('a relay that does not heed the filter by its limit alone is recovered from', () => {
  const gap = gapOf(60, { maxLimit: 5 });
  const relay = simulatedRelay(storedEvents({ [NOW]: 30, [NOW - 10]: 30 }), { ignores: ['limit'] });
  expect(recover(gap, relay, NOW).ids.size).toBe(60);
  expect(gap.report()).not.toHaveProperty('unrecovered');
});

describe('a relay that refuses every page after 3 of its events', () => {
  const events = storedEvents(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [NOW - n, 1])));

  test('is recovered from, where it gives the newest first', () => {
    const gap = gapOf(60);
    const relay = simulatedRelay(events);
    const { ids } = recover(
      gap,
      (page) => {
        const given = relay(page).events.slice(0, 3);
        return { events: given, end: given.length === 0 ? 'eose' : 'refused, too many' };
      },
      NOW,
    );
    expect(ids.size).toBe(20);
  });

  test('is given up, where it gives the oldest first: of what is newer nothing is known', () => {
    const gap = gapOf(60);
    const relay = simulatedRelay(events, { oldestFirst: true });
    recover(gap, (page) => ({ events: relay(page).events.slice(0, 3), end: 'refused, too many' }), NOW);
    expect(gap.report().unrecovered).toEqual({ since: SINCE, until: Infinity, reason: 'refused' });
  });
});
