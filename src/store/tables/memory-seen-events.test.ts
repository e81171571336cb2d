import { expect, test } from 'vitest';

import { eventId } from '../../../test/support/events.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { MemorySeenEvents } from './memory-seen-events.ts';

async function commit(seen: MemorySeenEvents, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await seen.commit(eventId(n));
}

test('the size of the seen-set counts committed ids and never exceeds its capacity', async () => {
  const seen = new MemorySeenEvents({ clock: new FakeClock().read, capacity: 3 });
  await seen.reserve(eventId(9));
  await commit(seen, 1, 2, 2);
  const before = seen.size;
  await commit(seen, 3, 4, 5);
  expect([before, seen.size]).toEqual([2, 3]);
});

test('expired ids leave the seen-set when new ids come', async () => {
  const clock = new FakeClock();
  const seen = new MemorySeenEvents({ clock: clock.read, capacity: 100 });
  await commit(seen, 1, 2, 3, 4, 5, 6);
  clock.advance(72 * HOUR_MS);
  await commit(seen, 7, 8, 9);
  expect(seen.size).toBe(3);
});
