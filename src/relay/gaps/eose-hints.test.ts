import { expect, test } from 'vitest';

import {
  recover,
  simulatedRelay,
  storedEvents,
  type Answering,
} from '../../../test/support/simulated-relay.ts';
import { CheckedRecovery } from './checked-recovery.ts';
import { RECOVERY_BOUNDS, type LargestPage } from './page-plan.ts';

const NOW = 2000;

/** A relay with one event in each of the last seconds. It gives at most 50 at once, and each EOSE has this hint. */
function relayWith(count: number, hint: (isWhole: boolean) => 'finish' | 'more' | undefined): Answering {
  const answer = simulatedRelay(
    storedEvents(Object.fromEntries(Array.from({ length: count }, (_, n) => [NOW - n, 1]))),
    { cap: 50 },
  );
  return (page) => {
    const answered = answer(page);
    const said = hint(answered.events.length < 50);
    return { ...answered, ...(said && { hint: said }) };
  };
}

function recovery(largestPage?: LargestPage): CheckedRecovery {
  return new CheckedRecovery({
    since: 1000,
    maxLimit: undefined,
    bounds: RECOVERY_BOUNDS,
    poisoned: [],
    now: () => NOW,
    ...(largestPage && { largestPage }),
  });
}

const honest = (isWhole: boolean) => (isWhole ? 'finish' : 'more');

test('finish ends the pages, if the relay has given a larger page before', () => {
  const largest = { events: 0 };
  const before = recover(
    recovery(),
    relayWith(120, () => undefined),
    NOW,
  ).pages.length;
  const first = recover(recovery(largest), relayWith(120, honest), NOW);
  const second = recover(recovery(largest), relayWith(5, honest), NOW);
  expect([first.ids.size, first.pages.length < before]).toEqual([120, true]);
  expect([second.ids.size, second.pages.length]).toEqual([5, 1]);
});

test('a relay that always says finish loses no event by that', () => {
  const { ids } = recover(
    recovery({ events: 0 }),
    relayWith(120, () => 'finish'),
    NOW,
  );
  expect(ids.size).toBe(120);
});

test('an audit believes no hint', () => {
  const { ids, pages } = recover(recovery(), relayWith(5, honest), NOW);
  expect([ids.size, pages.some(({ until }) => until === NOW - 4)]).toEqual([5, true]);
});

test('more continues, though a page was short, also at a relay that gives its events in any order', () => {
  const events = storedEvents({ 1500: 30, 1600: 30, 1700: 30 });
  const answer = simulatedRelay(events, { cap: 40, takes: 'any' });
  // It gives a page of fewer events now and then, and says that there are more.
  let asked = 0;
  const moody: Answering = (page) => {
    const { events: given } = answer(page);
    const kept = asked++ % 5 === 4 ? given.slice(0, Math.ceil(given.length / 2)) : given;
    const isWhole = answer({ ...page, limit: 1000 }).events.length === kept.length && kept.length < 40;
    return { events: kept, end: 'eose', hint: isWhole ? 'finish' : 'more' };
  };
  expect(recover(recovery({ events: 0 }), moody, NOW).ids.size).toBe(90);
});
