import { expect, test } from 'vitest';

import { DELIVERED, FAILED, GONE, laneBench, THROTTLED } from '../../../test/support/lane-bench.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import { HOUR_MS, MINUTE_MS } from '../basics/clock.ts';
import { deviceOf } from '../registry/push-target.ts';

const [PHONE, OTHER] = ['phone', 'other'].map((token) => deviceOf(fcmTarget(token))) as [string, string];

test('a device that was told to wait is to be left alone for so long, whether its wake waits for a retry or is owed', async () => {
  const resting: string[] = [];
  const { answer, ask, lanes, schedule } = laneBench({}, { onRest: (device) => resting.push(device) });
  void ask('phone');
  await answer({ ...THROTTLED, afterMs: 3 * MINUTE_MS });
  expect([lanes.restMs(PHONE), lanes.restMs(OTHER), resting]).toEqual([3 * MINUTE_MS, 0, [PHONE]]);
  await schedule.advance(MINUTE_MS);
  expect(lanes.restMs(PHONE)).toBe(2 * MINUTE_MS);
  await schedule.advance(2 * MINUTE_MS);
  await answer({ ...THROTTLED, afterMs: HOUR_MS });
  expect([lanes.restMs(PHONE), lanes.owed, resting]).toEqual([HOUR_MS, 1, [PHONE, PHONE]]);
  await schedule.advance(HOUR_MS);
  await answer(DELIVERED);
  expect([lanes.restMs(PHONE), schedule.pending]).toEqual([0, 0]);
});

test('a device that is called gone is told of, so that another server hears of the strike', async () => {
  const told: string[] = [];
  const { answer, ask } = laneBench({}, { onRest: (device) => told.push(device) });
  void ask('phone');
  await answer(GONE);
  expect(told).toEqual([PHONE]);
});

test('a device whose wake failed without a word of waiting may be tried by another server at once', async () => {
  const resting: string[] = [];
  const { answer, ask, lanes } = laneBench({}, { onRest: (device) => resting.push(device) });
  void ask('phone');
  await answer(FAILED);
  expect([lanes.restMs(PHONE), resting]).toEqual([0, []]);
});
