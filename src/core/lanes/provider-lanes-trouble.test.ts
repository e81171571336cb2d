import { expect, test } from 'vitest';

import {
  CONFIRM_MS,
  DELIVERED,
  FAILED,
  GONE,
  laneBench,
  MISCONFIGURED,
  type LaneBench,
} from '../../../test/support/lane-bench.ts';
import { deferred } from '../../../test/support/deferred.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { settled } from '../../../test/support/settled.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import { RetryPolicy } from './retry-policy.ts';

test('a device that is called gone is owed its wake, and evicted when it is called gone again ten minutes later', async () => {
  const { ask, answer, evicted, lanes, schedule, underWay } = laneBench();
  const end = ask('phone');
  await answer(GONE);
  expect([await end, evicted, lanes.owed]).toEqual(['owed', [], 1]);
  void ask('other');
  await answer(DELIVERED);
  await schedule.advance(CONFIRM_MS - 1);
  expect(underWay()).toEqual([]);
  await schedule.advance(1);
  await answer(GONE);
  expect([evicted, lanes.owed, schedule.pending]).toEqual([['phone'], 0, 0]);
});

test.each([
  ['ten minutes', 0, ['phone']],
  ['less', 1, []],
])(
  'a device that another server has called gone %s ago is evicted at its next strike, if that is a second one',
  async (_ago, leftMs, expected) => {
    const { ask, answer, evicted, lanes, schedule } = laneBench();
    const device = deviceOf(fcmTarget('phone'));
    void ask('other');
    await answer(DELIVERED);
    lanes.judgeOf(fcmTarget('phone'), true)?.resumeSuspicion(device, CONFIRM_MS);
    await schedule.advance(CONFIRM_MS - leftMs);
    expect(lanes.judgeOf(fcmTarget('phone'))?.suspicionOf(device)).toBe(leftMs);
    void ask('phone');
    await answer(GONE);
    expect(evicted).toEqual(expected);
  },
);

test('a device that is called gone is tried at once for a further event, which is no second strike within ten minutes', async () => {
  const { ask, answer, evicted, lanes, schedule, tried } = laneBench();
  void ask('phone');
  await answer(GONE);
  void ask('other');
  await answer(DELIVERED);
  for (let n = 0; n < 5; n++) {
    await schedule.advance(MINUTE_MS);
    void ask('phone');
    await settled();
    await answer(GONE);
  }
  expect([tried().length, evicted, lanes.owed]).toEqual([7, [], 1]);
  await schedule.advance(5 * MINUTE_MS);
  await answer(GONE);
  expect(evicted).toEqual(['phone']);
});

test('a device that is called gone stays while no other device has had a wake delivered since, and is tried with longer waits', async () => {
  const { ask, answer, evicted, schedule, tried } = laneBench();
  void ask('other');
  await answer(DELIVERED);
  await schedule.advance(1);
  void ask('phone');
  for (let minute = 0; minute <= 5 * 60; minute++) {
    await answer(GONE);
    await schedule.advance(MINUTE_MS);
  }
  expect(evicted).toEqual([]);
  expect(tried().length).toBeLessThan(15);
  void ask('other');
  await answer(DELIVERED);
  await schedule.advance(2 * HOUR_MS);
  await answer(GONE);
  expect(evicted).toEqual(['phone']);
});

test('a device that a UnifiedPush server calls gone is evicted at the second strike, also if nothing is delivered', async () => {
  const eviction = { confirmMs: CONFIRM_MS, isGuarded: false };
  const { ask, answer, evicted, schedule, telemetry } = laneBench({ eviction });
  for (let n = 0; n < 100; n++) void ask(`device ${n}`);
  await answer(GONE);
  expect(evicted).toEqual([]);
  await schedule.advance(CONFIRM_MS);
  // Wakes that have failed before have half of the places.
  for (let n = 0; n < 2; n++) await answer(GONE);
  expect(evicted).toHaveLength(100);
  expect(telemetry.logged('lane.eviction_stopped')).toEqual([]);
});

test.each<[string, (bench: LaneBench) => Promise<void>]>([
  [
    'has had a wake delivered since',
    async ({ ask, answer }) => {
      void ask('phone');
      await settled();
      await answer(DELIVERED);
    },
  ],
  [
    'has been registered again since',
    async ({ lanes }) => lanes.judgeOf(fcmTarget('phone'))?.clearSuspect(deviceOf(fcmTarget('phone'))),
  ],
])('a device that is called gone is no suspect any more if the device %s', async (_, clear) => {
  const bench = laneBench();
  const { ask, answer, evicted, schedule, tried } = bench;
  void ask('phone');
  await answer(GONE);
  await clear(bench);
  void ask('other');
  await answer(DELIVERED);
  await schedule.advance(CONFIRM_MS);
  void ask('phone');
  await settled();
  await answer(GONE);
  expect([tried().at(-1), evicted]).toEqual(['phone', []]);
});

test('while too many devices are called gone, none is evicted, the log says so, and each is tried once an hour and gets its wake then', async () => {
  const { ask, answer, evicted, lanes, schedule, telemetry, underWay } = laneBench();
  for (let n = 0; n < 300; n++) void ask(`device ${n}`);
  for (let n = 0; n < 3; n++) await answer(GONE);
  expect([evicted.length, lanes.owed]).toEqual([0, 300]);
  expect(telemetry.logged('lane.eviction_stopped')).toHaveLength(1);
  await schedule.advance(HOUR_MS - 1);
  expect(underWay()).toEqual([]);
  await schedule.advance(1);
  for (let n = 0; n < 6; n++) await answer(DELIVERED);
  expect([evicted.length, lanes.owed, schedule.pending]).toEqual([0, 0, 0]);
  expect(telemetry.logged('lane.eviction_resumed')).toHaveLength(1);
});

test('while too many devices are called gone, a suspect is not tried for an hour, though events come for it', async () => {
  const { ask, answer, schedule, underWay } = laneBench();
  for (let n = 0; n < 20; n++) void ask(`device ${n}`);
  await answer(GONE);
  await schedule.advance(MINUTE_MS);
  for (const n of [0, 19]) expect(await ask(`device ${n}`)).toBe('owed');
  await settled();
  expect(underWay()).toEqual([]);
});

test('while too many devices are called gone, none of 250 is evicted after 300 deliveries, nor one of eight in a small community', async () => {
  const { ask, answer, evicted, schedule, tried } = laneBench();
  const all = Array.from({ length: 550 }, (_, n) => `device ${n}`);
  for (let round = 0; round < 4; round++) {
    for (const device of all) void ask(device);
    for (let n = 0; n < 550; n++) await answer(n < 300 ? DELIVERED : GONE, all[n]);
    await schedule.advance(HOUR_MS);
  }
  expect(evicted).toEqual([]);
  expect(tried().filter((token) => all.indexOf(token) >= 300).length).toBeGreaterThan(600);

  const small = laneBench();
  for (let round = 0; round < 4; round++) {
    for (let n = 0; n < 8; n++) void small.ask(`device ${n}`);
    await small.answer(GONE);
    await small.schedule.advance(HOUR_MS);
  }
  expect(small.evicted).toEqual([]);
});

test('a lane that is broken tries one wake at a time, and sends all the others with the first that is delivered', async () => {
  const { ask, answer, lanes, schedule, underWay } = laneBench();
  for (let n = 0; n < 50; n++) void ask(`device ${n}`);
  await answer(FAILED);
  await schedule.advance(2 * SECOND_MS);
  expect(underWay()).toHaveLength(1);
  await answer(DELIVERED);
  expect(underWay()).toHaveLength(49);
  await answer(DELIVERED);
  expect([lanes.pending, lanes.owed, schedule.pending]).toEqual([0, 0, 0]);
});

test.each([1, 2, 3, 4, 5, 6])(
  'a lane that is broken goes on if its wait ends between two looks at the clock, %i ms after a further wake was asked for',
  async (leftMs) => {
    const schedule = new FakeSchedule();
    const { clock } = schedule;
    let isRestless = false;
    const read = (): number => (isRestless ? clock.now++ : clock.now);
    // Failed wakes wait for a minute, so only the timer of the lane fires here.
    const retry = new RetryPolicy({ minMs: MINUTE_MS, baseMs: 0 });
    const { ask, answer, underWay } = laneBench({ schedule: schedule.schedule, monotonic: read, retry });
    for (const name of ['one', 'two', 'three']) void ask(name);
    await answer(FAILED);
    clock.advance(SECOND_MS - leftMs);
    isRestless = true;
    void ask('four');
    isRestless = false;
    await schedule.advance(5 * SECOND_MS);
    expect(underWay()).toHaveLength(1);
  },
);

test('a lane that is broken by our configuration sends all owed wakes soon after the configuration is right', async () => {
  const { ask, answer, lanes, schedule, underWay } = laneBench();
  for (let n = 0; n < 50; n++) void ask(`device ${n}`);
  await answer(MISCONFIGURED);
  for (let n = 0; n < 20; n++) {
    await schedule.advance(MINUTE_MS);
    await answer(MISCONFIGURED);
  }
  expect(lanes.owed).toBe(50);
  await schedule.advance(MINUTE_MS + SECOND_MS);
  await answer(DELIVERED);
  expect(underWay().length).toBeGreaterThan(40);
});

/** A device whose eviction is under way after its second strike, while a further wake is being sent to it. */
async function whileEvicted(): Promise<LaneBench & { readonly endEviction: () => void }> {
  const eviction = { confirmMs: 0, isGuarded: false };
  const end = deferred();
  const registrations = {
    renew: async () => undefined,
    evict: () => end.promise,
    whereabouts: async (target: PushTarget) => ({ here: target, elsewhere: [] }),
  };
  const bench = laneBench({ eviction }, { registrations });
  void bench.ask('phone');
  for (let n = 0; n < 2; n++) await bench.answer(GONE);
  void bench.ask('phone');
  return { ...bench, endEviction: end.resolve };
}

test('a device has one attempt at a time, though it is registered again while it is being evicted', async () => {
  const { answer, endEviction, lanes, schedule, tried, underWay } = await whileEvicted();
  endEviction();
  await schedule.advance(MINUTE_MS);
  expect(underWay()).toEqual(['phone']);
  for (let n = 0; n < 2; n++) await answer(DELIVERED);
  expect([tried().length, lanes.pending, lanes.owed, schedule.pending]).toEqual([4, 0, 0, 0]);
});

test('a device that is registered again while it is being evicted keeps its wait when an attempt ends', async () => {
  const { answer, endEviction, schedule, underWay } = await whileEvicted();
  endEviction();
  await settled();
  await answer(DELIVERED);
  expect(underWay()).toEqual([]);
  await schedule.advance(SECOND_MS);
  expect(underWay()).toEqual(['phone']);
});
