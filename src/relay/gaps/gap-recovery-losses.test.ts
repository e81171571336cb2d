import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyCounts, gapOf, NOW } from '../../../test/support/gap-scenarios.ts';
import {
  recover,
  simulatedRelay,
  storedEvents,
  type Answering,
  type StoredEvent,
} from '../../../test/support/simulated-relay.ts';

/** The most connections that one event may end before it is found and gone around. */
const LOSSES_PER_POISON = 27;
const PAGES_PER_POISON = 400;

/** From seconds to the whole of what may still wake. */
const stretch = fc.constantFrom(10, 60, 3600, 172_800, 259_200);

interface Scenario {
  readonly seconds: number;
  readonly events: readonly StoredEvent[];
  readonly cap: number;
  readonly maxLimit: number | undefined;
  readonly dice: readonly number[];
  readonly oldestFirst: boolean;
}

/** No second holds more than a page: what is missing is then not for want of room. */
const scenarios: fc.Arbitrary<Scenario> = stretch.chain((seconds) =>
  fc
    .record({
      counts: anyCounts([NOW - seconds, NOW + 600], 5),
      cap: fc.integer({ min: 5, max: 50 }),
      says: fc.boolean(),
      dice: fc.array(fc.nat(), { maxLength: 4 }),
      oldestFirst: fc.boolean(),
    })
    .map(({ counts, cap, dice, oldestFirst, says }) => {
      const maxLimit = says ? cap : undefined;
      return { seconds, events: storedEvents(counts), cap, maxLimit, dice, oldestFirst };
    }),
);

function secondsOf(events: readonly StoredEvent[]): number[] {
  return [...new Set(events.map(({ created_at }) => created_at))].toSorted((a, b) => a - b);
}

function poisoned({ dice, events }: Scenario): StoredEvent[] {
  return events.length === 0 ? [] : dice.map((die) => events[die % events.length] as StoredEvent);
}

/** A relay whose connection may break at any page, but never three times in a row around a second that it has not given. */
function flaky(scenario: Scenario, breaks: readonly number[]): Answering {
  const { events, cap } = scenario;
  const relay = simulatedRelay(events, { cap });
  const hits = new Map<number, number>();
  let asked = 0;
  return (page) => {
    const answer = relay(page);
    const within = (second: number): boolean => second >= page.since && second <= (page.until ?? Infinity);
    const around = secondsOf(events).filter(within);
    const die = breaks[asked++] ?? 1;
    if (die >= 0.5 || around.some((second) => (hits.get(second) ?? 0) === 2)) {
      for (const { created_at } of answer.events) hits.delete(created_at);
      return answer;
    }
    for (const second of around) hits.set(second, (hits.get(second) ?? 0) + 1);
    return { events: answer.events.slice(0, Math.floor(2 * die * answer.events.length)), end: 'lost' };
  };
}

const breaking = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 100 });

test('events that end the connection cost nothing but their own seconds, which are reported', () => {
  const property = fc.property(scenarios, (scenario) => {
    const { cap, events, maxLimit, oldestFirst, seconds } = scenario;
    const deadly = poisoned(scenario);
    const gap = gapOf(seconds, { maxLimit });
    const poison = new Set(deadly.map(({ id }) => id));
    const { ids } = recover(gap, simulatedRelay(events, { cap, oldestFirst, poison }), NOW);
    const report = gap.report();
    const lacking = secondsOf(events.filter(({ id }) => !ids.has(id)));
    expect(secondsOf(deadly)).toEqual(expect.arrayContaining(lacking));
    // Nothing is held against a second to come.
    const past = secondsOf(deadly).filter((second) => second <= NOW);
    expect(report.poisonedSeconds.toSorted((a, b) => a - b)).toEqual(past);
    expect(report.unrecovered).toBeUndefined();
  });
  fc.assert(property, { numRuns: 2000 });
});

test(`events that end the connection are found after at most ${LOSSES_PER_POISON} connections and ${PAGES_PER_POISON} pages each`, () => {
  const property = fc.property(scenarios, (scenario) => {
    const { cap, events, maxLimit, seconds } = scenario;
    const deadly = poisoned(scenario);
    const poison = new Set(deadly.map(({ id }) => id));
    const relay = simulatedRelay(events, { cap, poison });
    const { losses, pages } = recover(gapOf(seconds, { maxLimit }), relay, NOW);
    const found = secondsOf(deadly).length;
    expect(losses).toBeLessThanOrEqual(LOSSES_PER_POISON * found);
    expect(pages.length).toBeLessThanOrEqual(PAGES_PER_POISON * found + 4 * events.length + 2);
  });
  fc.assert(property, { numRuns: 2000 });
});

test('events that end the connection are gone around from the start when their seconds are known', () => {
  const events = storedEvents({ [NOW - 50]: 2, [NOW - 30]: 3, [NOW - 10]: 2 });
  const poison = new Set([`${NOW - 30}/1`]);
  const gap = gapOf(60, { poisoned: [NOW - 30, NOW - 5000] });
  const { ids, losses } = recover(gap, simulatedRelay(events, { poison }), NOW);
  expect({ received: ids.size, losses }).toEqual({ received: 4, losses: 0 });
  expect(gap.report().poisonedSeconds).toEqual([]);
});

test('a second to come in which the connection always ends is gone around, and never held against the relay', () => {
  const events = storedEvents({ [NOW - 30]: 1, [NOW]: 1, [NOW + 300]: 1 });
  const gap = gapOf(60);
  const { ids } = recover(gap, simulatedRelay(events, { poison: new Set([`${NOW + 300}/0`]) }), NOW);
  expect([...ids].toSorted()).toEqual([`${NOW - 30}/0`, `${NOW}/0`]);
  expect(gap.report().poisonedSeconds).toEqual([]);
});

test('a second to come is told from the second of now, which is marked', () => {
  const gap = gapOf(60);
  recover(gap, simulatedRelay(storedEvents({ [NOW]: 1 }), { poison: new Set([`${NOW}/0`]) }), NOW);
  expect(gap.report().poisonedSeconds).toEqual([NOW]);
});

test('connections that end by chance cost no event', () => {
  const property = fc.property(scenarios, breaking, (scenario, breaks) => {
    const { events, maxLimit, seconds } = scenario;
    const gap = gapOf(seconds, { maxLimit });
    const { ids } = recover(gap, flaky(scenario, breaks), NOW);
    expect(events.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(gap.report().unrecovered).toBeUndefined();
  });
  fc.assert(property, { numRuns: 3000 });
});

test('connections that end by chance make no second suspect that was asked for in between with success', () => {
  const property = fc.property(scenarios, breaking, (scenario, breaks) => {
    const { events, maxLimit, seconds } = scenario;
    const gap = gapOf(seconds, { maxLimit });
    recover(gap, flaky(scenario, breaks), NOW);
    const suspects = new Set(gap.report().poisonedSeconds);
    expect(secondsOf(events).filter((second) => suspects.has(second))).toEqual([]);
  });
  fc.assert(property, { numRuns: 3000 });
});

test('connections that end by chance lose no page that was under way once: it is asked for again', () => {
  const gap = gapOf(60);
  const [first] = [gap.next(), gap.received(NOW, 'a'), gap.lost(NOW)];
  expect(gap.next()).toEqual(first);
});
