import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { DAY_MS, HOUR_MS } from '../../core/basics/clock.ts';
import { DroppedEvents, droppedOfAll } from './dropped-events.ts';

function setUp(): { clock: FakeClock; dropped: DroppedEvents } {
  const clock = new FakeClock();
  return { clock, dropped: new DroppedEvents(clock.read) };
}

test('a relay drops events again and again if three audits within a day found some, until a day after the first of the three', () => {
  const { clock, dropped } = setUp();
  const states = [dropped.summary?.isRepeated];
  for (let n = 0; n < 3; n++) {
    clock.advance(HOUR_MS);
    dropped.note(1);
    states.push(dropped.summary?.isRepeated);
  }
  clock.advance(DAY_MS - 2 * HOUR_MS - 1);
  states.push(dropped.summary?.isRepeated);
  clock.advance(1);
  states.push(dropped.summary?.isRepeated);
  expect(states).toEqual([undefined, false, false, true, true, false]);
});

test('a relay that drops events once every twelve hours does not do so again and again', () => {
  const { clock, dropped } = setUp();
  for (let n = 0; n < 5; n++) {
    clock.advance(12 * HOUR_MS);
    dropped.note(7);
  }
  expect(dropped.summary).toEqual({ count: 35, lastAt: clock.now, isRepeated: false });
});

test('what a relay dropped of both kinds is added up, and one kind that is dropped again and again is enough', () => {
  const [first, second] = [setUp(), setUp()];
  first.dropped.note(2);
  second.clock.advance(HOUR_MS);
  for (let n = 0; n < 3; n++) second.dropped.note(1);
  expect(droppedOfAll([first.dropped.summary, second.dropped.summary, undefined])).toEqual({
    count: 5,
    lastAt: second.clock.now,
    isRepeated: true,
  });
  expect(droppedOfAll([undefined])).toBeUndefined();
});
