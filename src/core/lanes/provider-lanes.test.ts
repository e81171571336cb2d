import { expect, test } from 'vitest';

import { DELIVERED, FAILED, laneBench, THROTTLED } from '../../../test/support/lane-bench.ts';
import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import { DeliveryHealth } from './delivery-health.ts';

test('a device gets one wake for all requests while the wake was unsent, for all their keys', async () => {
  const { ask, answer, renewed, telemetry, tried } = laneBench({ concurrency: 1 });
  void ask('first');
  const ends = [1, 2, 3].map((n) => ask('phone', { keys: [tradeKey(n)] }));
  for (let n = 0; n < 2; n++) await answer(DELIVERED);
  expect(await Promise.all(ends)).toEqual(['sent', 'sent', 'sent']);
  expect(tried()).toEqual(['first', 'phone']);
  expect(renewed[1]).toEqual([1, 2, 3].map((n) => tradeKey(n)));
  expect(telemetry.total('wakes_absorbed', 'fcm')).toBe(2);
});

test('a device gets a further wake for a request that comes while one is being sent', async () => {
  const { ask, answer, tried } = laneBench({ concurrency: 1 });
  void ask('phone');
  const later = ask('phone');
  await answer(DELIVERED);
  await answer(DELIVERED);
  expect(await later).toBe('sent');
  expect(tried()).toEqual(['phone', 'phone']);
});

test('a device has one attempt at a time, though a further wake is asked for', async () => {
  const { ask, underWay } = laneBench({ concurrency: 2 });
  void ask('phone');
  void ask('phone');
  await settled();
  expect(underWay()).toEqual(['phone']);
});

test('a device that is asked for again and again keeps its turn', async () => {
  const { ask, answer, underWay } = laneBench({ concurrency: 1 });
  for (const token of ['first', 'phone', 'other', 'phone']) void ask(token);
  await answer(DELIVERED);
  expect(underWay()).toEqual(['phone']);
});

test('a device with an unsent chat wake gets a relay wake in its place when an event comes', async () => {
  const { ask, answer, provider } = laneBench({ concurrency: 1 });
  void ask('first');
  void ask('phone', { kind: 'chat_wake' });
  void ask('phone');
  await answer(DELIVERED);
  expect(provider.attempts.all[1]?.push.kind).toBe('silent_wake');
});

test('a wake that fails is tried again after its wait, and until then is unsent', async () => {
  const { ask, answer, lanes, schedule, tried } = laneBench();
  const end = ask('phone');
  await answer(FAILED);
  expect([lanes.unsent('fcm phone')?.tracedKeys, lanes.pending]).toEqual([[tradeKey(1)], 1]);
  await schedule.advance(999);
  expect(tried()).toHaveLength(1);
  await schedule.advance(1);
  await answer(DELIVERED);
  expect(await end).toBe('sent');
  expect([lanes.unsent('fcm phone'), lanes.pending, schedule.pending]).toEqual([undefined, 0, 0]);
});

test('a wake that fails takes no place while it waits', async () => {
  const { ask, answer, underWay } = laneBench({ concurrency: 1 });
  void ask('phone');
  await answer(FAILED);
  void ask('other');
  expect(underWay()).toEqual(['other']);
});

test('a wake that fails answers at its next try the wakes that were asked for while it was being sent', async () => {
  const { ask, answer, schedule, tried } = laneBench({ concurrency: 1 });
  const ends = [ask('phone'), ask('phone')];
  await answer(FAILED);
  expect(tried()).toHaveLength(1);
  await schedule.advance(SECOND_MS);
  await answer(DELIVERED);
  expect(await Promise.all(ends)).toEqual(['sent', 'sent']);
  expect(tried()).toHaveLength(2);
});

test('a wake that fails keeps its wait when a further wake is asked for', async () => {
  const { ask, answer, schedule, tried } = laneBench();
  void ask('phone');
  await answer({ ...THROTTLED, afterMs: 20_000 });
  void ask('phone');
  await schedule.advance(19_999);
  expect(tried()).toHaveLength(1);
  await schedule.advance(1);
  expect(tried()).toHaveLength(2);
});

test('a wake that fails is given up at its deadline, owed, and tried again', async () => {
  const { ask, answer, lanes, schedule, tried } = laneBench({ deadlineMs: MINUTE_MS });
  const end = ask('phone');
  for (let n = 0; n < 60; n++) {
    await answer(FAILED);
    await schedule.advance(SECOND_MS);
  }
  expect(await end).toBe('owed');
  expect([lanes.pending, lanes.owed]).toEqual([0, 1]);
  const before = tried().length;
  await schedule.advance(2 * MINUTE_MS);
  await answer(DELIVERED);
  expect([tried().length, lanes.owed, schedule.pending]).toEqual([before + 1, 0, 0]);
});

test('a wake that fails is dropped at its next turn if no key is registered for the device any more', async () => {
  const { ask, answer, lanes, schedule, tried, unwanted } = laneBench();
  const end = ask('phone');
  await answer(FAILED);
  unwanted.add('phone');
  await schedule.advance(HOUR_MS);
  expect(await end).toBe('dropped');
  expect([tried().length, lanes.pending, schedule.pending]).toEqual([1, 0, 0]);
});

test('a wake that has stood in the queue is dropped at its turn if no key is registered for the device any more', async () => {
  const { ask, answer, lanes, tried, unwanted } = laneBench({ concurrency: 1 });
  const ends = [ask('first'), ask('phone')];
  unwanted.add('phone');
  await answer(DELIVERED);
  expect([tried(), lanes.pending]).toEqual([['first'], 0]);
  expect(await Promise.all(ends)).toEqual(['sent', 'dropped']);
});

test('a wake that fails because the provider throws is tried again, and the fault is logged', async () => {
  const { ask, provider, schedule, telemetry, tried } = laneBench();
  void ask('phone');
  provider.attempts.all[0]?.fail(new Error('x'));
  await schedule.advance(SECOND_MS);
  expect(tried()).toHaveLength(2);
  expect(telemetry.logged('provider.fault')).toHaveLength(1);
});

test('an attempt is timed, and the health of the provider is told of its answer', async () => {
  const schedule = new FakeSchedule();
  const providerHealth = new DeliveryHealth(schedule.clock.read);
  const { answer, ask, clock, telemetry } = laneBench({ providerHealth });
  void ask('phone');
  clock.advance(1500);
  await answer(DELIVERED);
  const attempts = telemetry.timings.filter(({ histogram }) => histogram === 'push_attempt_seconds');
  expect(attempts).toEqual([{ histogram: 'push_attempt_seconds', seconds: 1.5 }]);
  expect([providerHealth.attempts, providerHealth.lastDeliveryAt]).toEqual([1, schedule.clock.now]);
});
