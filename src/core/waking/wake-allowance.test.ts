import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { HOUR_MS } from '../basics/clock.ts';
import { WakeAllowance } from './wake-allowance.ts';

function setUp(maxCounted?: number) {
  const time = new FakeSchedule();
  const rooms: string[] = [];
  let displaced = 0;
  const options = {
    perHour: 2,
    schedule: time.schedule,
    monotonic: time.clock.read,
    onRoom: (device: string) => rooms.push(device),
    onDisplaced: () => displaced++,
  };
  const allowance = new WakeAllowance(options, maxCounted);
  return { allowance, rooms, time, displaced: () => displaced };
}

test('an hourly allowance has room again when the oldest wake is an hour old, and not before', async () => {
  const { allowance, rooms, time } = setUp();
  allowance.count('phone');
  await time.advance(1000);
  allowance.count('phone');
  await time.advance(HOUR_MS - 1001);
  expect([allowance.hasRoom('phone'), rooms]).toEqual([false, []]);
  await time.advance(1);
  expect([allowance.hasRoom('phone'), rooms]).toEqual([true, ['phone']]);
});

test('an hourly allowance is each device’s own', () => {
  const { allowance } = setUp();
  for (let n = 0; n < 2; n++) allowance.count('phone');
  expect([allowance.hasRoom('phone'), allowance.hasRoom('other')]).toEqual([false, true]);
});

test('an hourly allowance keeps nothing of a device whose wakes are all an hour old', async () => {
  const { allowance, time } = setUp();
  for (const device of ['phone', 'phone', 'other']) allowance.count(device);
  expect(allowance.size).toBe(3);
  await time.advance(HOUR_MS);
  expect([allowance.size, time.pending]).toEqual([0, 0]);
});

test('an hourly allowance stops counting the oldest wake when too many are counted, says so, and gives its device room', () => {
  const { allowance, displaced, rooms } = setUp(2);
  for (let n = 0; n < 2; n++) allowance.count('phone');
  allowance.count('other');
  expect([allowance.size, allowance.hasRoom('phone'), rooms, displaced()]).toEqual([2, true, ['phone'], 1]);
});
