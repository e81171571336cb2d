import { expect, test } from 'vitest';

import { DELIVERED, FAILED, laneBench, REFUSED, THROTTLED } from '../../../test/support/lane-bench.ts';
import { settled } from '../../../test/support/settled.ts';
import { HOUR_MS, MINUTE_MS } from '../basics/clock.ts';

test('a device that is owed a wake after a refusal is tried after a minute, and then with longer waits', async () => {
  const { ask, answer, schedule, tried } = laneBench();
  expect(await Promise.all([ask('phone'), answer(REFUSED)])).toEqual(['owed', undefined]);
  const tries: number[] = [];
  for (let minute = 1; minute <= 20; minute++) {
    const before = tried().length;
    await schedule.advance(MINUTE_MS);
    if (tried().length > before) tries.push(minute);
    await answer(REFUSED);
  }
  expect(tries).toEqual([1, 3, 7, 15]);
});

test('a device that is owed a wake gets it at once when another event comes for the device', async () => {
  const { ask, answer, lanes, schedule, underWay } = laneBench();
  void ask('phone');
  await answer(REFUSED);
  const end = ask('phone');
  await settled();
  expect(underWay()).toEqual(['phone']);
  await answer(DELIVERED);
  expect(await end).toBe('sent');
  expect([lanes.owed, schedule.pending]).toEqual([0, 0]);
});

test('a device that is owed a wake is not tried before its Retry-After is over, though another event comes', async () => {
  const { ask, answer, underWay } = laneBench();
  void ask('phone');
  await answer({ ...THROTTLED, afterMs: HOUR_MS });
  void ask('phone');
  await settled();
  expect(underWay()).toEqual([]);
});

test('a device that is owed a wake has its turn after every other device', async () => {
  const { ask, answer, tried } = laneBench({ concurrency: 1, capacity: 2 });
  const asked = ['first', 'a', 'b', 'owed'].map((token) => ask(token));
  void ask('c', { priority: 'recovered' });
  await answer(DELIVERED);
  void ask('late');
  for (let n = 0; n < 6; n++) await answer(DELIVERED);
  expect(tried()).toEqual(['first', 'a', 'b', 'late', 'owed', 'c']);
  expect(await Promise.all(asked)).toEqual(['sent', 'sent', 'sent', 'owed']);
});

test('a full lane owes the wakes beyond its capacity, says so once, and says when it is half empty', async () => {
  const { ask, answer, lanes, telemetry } = laneBench({ concurrency: 1, capacity: 2 });
  for (const token of ['sent', 'a', 'b', 'c', 'd']) void ask(token);
  expect([lanes.pending, lanes.owed]).toEqual([3, 2]);
  expect(telemetry.total('wakes_owed', 'fcm', 'overload')).toBe(2);
  expect(telemetry.logged('lane.overloaded')).toHaveLength(1);
  for (let n = 0; n < 5; n++) await answer(DELIVERED);
  expect(telemetry.logged('lane.relieved')).toHaveLength(1);
  expect([lanes.pending, lanes.owed]).toEqual([0, 0]);
});

test('a full lane gives no place away for a device that has a place already', async () => {
  const { ask, answer, lanes } = laneBench({ concurrency: 1, capacity: 2 });
  void ask('waits');
  await answer({ ...THROTTLED, afterMs: 5 * MINUTE_MS });
  for (const token of ['sent', 'queued', 'queued']) void ask(token);
  expect([lanes.pending, lanes.owed]).toEqual([3, 0]);
});

test('a full lane gives the place of a wake that waits for a retry to a new wake', async () => {
  const { ask, answer, lanes, schedule, tried, underWay } = laneBench({ capacity: 1 });
  const waits = ask('waits');
  await answer({ ...THROTTLED, afterMs: 5 * MINUTE_MS });
  const phone = ask('phone');
  expect(underWay()).toEqual(['phone']);
  expect(await waits).toBe('owed');
  await answer(DELIVERED);
  expect(await phone).toBe('sent');
  // The wait that the push service asked for stays, and a new event does not shorten it.
  const again = ask('waits');
  await settled();
  expect(underWay()).toEqual([]);
  expect(await again).toBe('owed');
  await schedule.advance(5 * MINUTE_MS - 1);
  expect([lanes.owed, tried()]).toEqual([1, ['waits', 'phone']]);
  await schedule.advance(1);
  await answer(DELIVERED);
  expect([lanes.owed, tried()]).toEqual([0, ['waits', 'phone', 'waits']]);
});

test('a full lane gives the place of a retry whose wait is over to a new wake, and is drained of all in the end', async () => {
  const { ask, answer, lanes, schedule, tried } = laneBench({ concurrency: 1, capacity: 2 });
  void ask('fails');
  await answer(FAILED);
  void ask('sent');
  await schedule.advance(MINUTE_MS);
  for (const token of ['queued', 'new']) void ask(token);
  expect([lanes.pending, lanes.owed]).toEqual([3, 1]);
  let lost: number | undefined;
  void lanes.drain(new AbortController().signal).then((count) => (lost = count));
  for (let n = 0; n < 4; n++) await answer(DELIVERED);
  expect([tried(), lost]).toEqual([['fails', 'sent', 'queued', 'new', 'fails'], 0]);
});
