import { expect, test } from 'vitest';

import { eventId } from '../../../test/support/events.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { MemoryUsedEvents } from './memory-used-events.ts';

function setUp(capacity?: number): { used: MemoryUsedEvents; clock: FakeClock } {
  const clock = new FakeClock();
  return {
    used: new MemoryUsedEvents({ clock: clock.read, ...(capacity !== undefined && { capacity }) }),
    clock,
  };
}

test('a used signature is known for 121 seconds, longer than a signature is valid', async () => {
  const { used, clock } = setUp();
  expect(used.has(eventId(1))).toBe(false);
  expect([await used.use(eventId(1)), await used.use(eventId(1))]).toEqual(['new', 'used']);
  expect(used.has(eventId(1))).toBe(true);
  clock.advance(120_999);
  await used.use(eventId(2));
  expect(used.has(eventId(1))).toBe(true);
  clock.advance(1);
  await used.use(eventId(3));
  expect([1, 2, 3].map((n) => used.has(eventId(n)))).toEqual([false, true, true]);
});

test('a full set of used signatures takes no further one and loses none before its time', async () => {
  const { used, clock } = setUp(2);
  const outcomes = [1, 2, 3].map((n) => used.use(eventId(n)));
  expect(await Promise.all(outcomes)).toEqual(['new', 'new', 'full']);
  expect([1, 2, 3].map((n) => used.has(eventId(n)))).toEqual([true, true, false]);
  clock.advance(121_000);
  expect(await used.use(eventId(3))).toBe('new');
});

test('the set of used signatures keeps a hundred thousand a minute for two minutes', async () => {
  const { used, clock } = setUp();
  let refused = 0;
  for (let n = 0; n < 400_000; n++) {
    if (n % 100 === 0) clock.advance(60);
    if ((await used.use(eventId(n))) !== 'new') refused++;
  }
  expect(refused).toBe(0);
  expect(used.size).toBeLessThan(205_000);
});
