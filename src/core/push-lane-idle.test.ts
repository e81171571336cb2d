import { expect, test } from 'vitest';

import { FAILED, laneBench } from '../../test/support/lane-bench.ts';
import { HOUR_MS } from './clock.ts';

test('a lane that broke is idle when nobody is registered for its devices any more', async () => {
  const { ask, answer, lane, schedule, unwanted } = laneBench();
  const tokens = ['a', 'b', 'c'];
  for (const token of tokens) void ask(token);
  await answer(FAILED);
  expect(lane.isIdle).toBe(false);
  for (const token of tokens) unwanted.add(token);
  await schedule.advance(HOUR_MS);
  expect([lane.pending, lane.owed, lane.isIdle]).toEqual([0, 0, true]);
});
