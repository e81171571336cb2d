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

test('an hourly allowance goes on at another server of the fleet: each wake counts for the rest of its hour', async () => {
  const [here, there] = [setUp(), setUp()];
  here.allowance.count('phone');
  await here.time.advance(1000);
  here.allowance.count('phone');
  await here.time.advance(1000);
  there.allowance.resume('phone', here.allowance.leftMs('phone'));
  expect([there.allowance.hasRoom('phone'), there.allowance.size]).toEqual([false, 2]);
  await there.time.advance(HOUR_MS - 2001);
  expect([there.allowance.hasRoom('phone'), there.rooms]).toEqual([false, []]);
  await there.time.advance(1);
  expect([there.allowance.hasRoom('phone'), there.rooms]).toEqual([true, ['phone']]);
  await there.time.advance(1000);
  expect([there.allowance.size, there.time.pending, there.allowance.leftMs('phone')]).toEqual([0, 0, []]);
});

test('an hourly allowance counts a wake once that comes back from another server, and what was added there', async () => {
  const { allowance, time } = setUp();
  allowance.count('phone');
  await time.advance(10_000);
  // The engine's clock is a little off.
  allowance.resume('phone', [HOUR_MS - 10_900, HOUR_MS - 5000]);
  expect(allowance.leftMs('phone')).toEqual([HOUR_MS - 10_000, HOUR_MS - 5000]);
  allowance.resume('phone', [HOUR_MS - 10_000, HOUR_MS - 5000]);
  expect(allowance.size).toBe(2);
});

test('an hourly allowance takes no more from another server than a device has, and nothing that lasts longer than an hour', () => {
  const { allowance } = setUp();
  allowance.resume('phone', [0, -1, HOUR_MS + 1, 2 ** 32 - 1]);
  expect(allowance.size).toBe(0);
  allowance.resume('phone', [10_000, 20_000, 30_000, 40_000]);
  expect(allowance.size).toBe(2);
});

test('an hourly allowance holds its bound with wakes from other servers, and leaves no timer when it ends', () => {
  const { allowance, displaced, time } = setUp(2);
  for (const device of ['one', 'two', 'three']) allowance.resume(device, [10_000]);
  expect([allowance.size, displaced()]).toEqual([2, 1]);
  allowance.count('four');
  expect([allowance.size, displaced()]).toEqual([2, 2]);
  allowance.clear();
  expect([allowance.size, time.pending]).toEqual([0, 0]);
});

test('an hourly allowance names the devices that were woken a short time ago', async () => {
  const { allowance, time } = setUp();
  allowance.count('old');
  await time.advance(60_000);
  allowance.count('new');
  allowance.resume('elsewhere', [HOUR_MS - 1000]);
  allowance.resume('long ago', [1000]);
  expect([...allowance.since(30_000)]).toEqual(['new', 'elsewhere']);
  expect([...allowance.since(Infinity)]).toEqual(['old', 'new', 'elsewhere', 'long ago']);
});
