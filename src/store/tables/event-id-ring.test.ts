import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { eventId } from '../../../test/support/events.ts';
import { EventIdRing } from './event-id-ring.ts';
import type { WordsHash } from './random-hash.ts';

/** All meet in one slot, in the last, or in the four around the end of an index of eight. */
const BAD_HASHES: [string, WordsHash][] = [
  ['one slot', () => 0],
  ['the last slot', () => 0xffffffff],
  ['four slots around the end', (words, from) => 6 + ((words[from] as number) & 3)],
];

/** The ids that are held, oldest first, with their times. */
type Model = [id: string, time: number][];

const CAPACITY = 9;
const IDS = Array.from({ length: 14 }, (_, n) => eventId(n));

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), id: fc.constantFrom(...IDS) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('remove' as const), id: fc.constantFrom(...IDS) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove oldest' as const) }) },
);

type Operation = typeof operation extends fc.Arbitrary<infer One> ? One : never;

function apply(ring: EventIdRing, model: Model, step: Operation, time: number): Model {
  switch (step.type) {
    case 'add':
      if (model.length === CAPACITY || model.some(([id]) => id === step.id)) return model;
      ring.add(step.id, time);
      return [...model, [step.id, time]];
    case 'remove':
      ring.remove(step.id);
      return model.filter(([id]) => id !== step.id);
    case 'remove oldest':
      ring.removeOldest();
      return model.slice(1);
  }
}

function expectSame(ring: EventIdRing, model: Model): void {
  const times = new Map(model);
  expect(IDS.map((id) => ring.timeOf(id))).toEqual(IDS.map((id) => times.get(id)));
  expect([ring.size, ring.isFull]).toEqual([model.length, model.length === CAPACITY]);
  expect(ring.oldestTime()).toBe(model[0]?.[1]);
}

describe('a ring of event ids', () => {
  test.each([...BAD_HASHES, ['any slot', undefined] as const])(
    'has the ids that a list would have when all ids want %s',
    (_, hash) => {
      fc.assert(
        fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (steps) => {
          const ring = new EventIdRing({ capacity: CAPACITY, ...(hash && { hash }) });
          let model: Model = [];
          for (const [time, step] of steps.entries()) {
            model = apply(ring, model, step, time);
            expectSame(ring, model);
          }
        }),
      );
    },
  );

  test.each([1, 2, 3])('tells ids apart whose first %i words are equal', (equal) => {
    const prefix = eventId(0).slice(0, equal * 8);
    const alike = Array.from({ length: 2000 }, (_, n) => prefix + eventId(n).slice(prefix.length));
    const ring = new EventIdRing({ capacity: alike.length });
    for (const [n, id] of alike.entries()) if (n % 2 === 0) ring.add(id, n);
    expect(alike.filter((id, n) => ring.timeOf(id) !== (n % 2 === 0 ? n : undefined))).toEqual([]);
  });

  test('takes ids up to its capacity and refuses one more', () => {
    const ring = new EventIdRing({ capacity: 5 });
    for (let n = 0; n < 5; n++) ring.add(eventId(n), n);
    expect(() => ring.add(eventId(5), 5)).toThrow(RangeError);
    expect([0, 1, 2, 3, 4, 5].map((n) => ring.timeOf(eventId(n)))).toEqual([0, 1, 2, 3, 4, undefined]);
  });

  test('never runs out of places when new ids leave and the oldest id stays', () => {
    const ring = new EventIdRing({ capacity: 5 });
    ring.add(eventId(0), 0);
    for (let n = 1; n < 1000; n++) {
      ring.add(eventId(n), n);
      if (n > 3) ring.remove(eventId(n - 3));
    }
    expect([ring.size, ring.oldestTime(), ring.timeOf(eventId(999))]).toEqual([4, 0, 999]);
  });

  test('ignores the removal of an id that it does not have', () => {
    const ring = new EventIdRing({ capacity: 5 });
    ring.removeOldest();
    ring.add(eventId(0), 0);
    ring.remove(eventId(1));
    expect([ring.size, ring.timeOf(eventId(0))]).toEqual([1, 0]);
  });
});
