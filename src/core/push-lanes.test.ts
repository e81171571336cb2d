import { expect, test } from 'vitest';

import { laneBench, wakeRequest, type LaneBench } from '../../test/support/lane-bench.ts';
import { FakeSchedule } from '../../test/support/fake-schedule.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { settled } from '../../test/support/settled.ts';
import { MINUTE_MS } from './clock.ts';
import { PushLanes } from './push-lanes.ts';
import { addressOf } from './push-target.ts';
import type { WakeEnd } from './wake-request.ts';

/** Lanes where every device has its own host, but for `nowhere`, which has none. */
function setUp() {
  const time = new FakeSchedule();
  const telemetry = new FakeTelemetry();
  const opened = new Map<string, LaneBench>();
  const lanes = new PushLanes({
    laneOf: (target) => (addressOf(target) === 'nowhere' ? undefined : `fcm ${addressOf(target)}`),
    createLane: (_type, name) => {
      const bench = laneBench();
      opened.set(name, bench);
      return bench.lane;
    },
    closeProviders: async () => undefined,
    schedule: time.schedule,
    telemetry,
  });
  const ask = (token: string): Promise<WakeEnd> => lanes.request(wakeRequest(token));
  return { ask, lanes, opened, telemetry, time };
}

test('every host has its lane, and beyond five thousand they share one', () => {
  const { ask, lanes, opened } = setUp();
  for (let n = 0; n < 5010; n++) void ask(`host-${n}`);
  expect(lanes.count()).toEqual({ fcm: 5001 });
  expect(opened.get('fcm shared')?.lane.pending).toBe(10);
  expect(lanes.pending()).toEqual({ fcm: 5010 });
});

test('an idle lane makes room for a new host', async () => {
  const { ask, lanes, opened } = setUp();
  for (let n = 0; n < 5000; n++) void ask(`host-${n}`);
  await opened.get('fcm host-0')?.answer({ outcome: 'delivered' });
  void ask('new');
  expect(lanes.count()).toEqual({ fcm: 5000 });
  expect(opened.has('fcm shared')).toBe(false);
});

test('idle lanes are given up after a while, and then no timer is left', async () => {
  const { ask, lanes, opened, time } = setUp();
  void ask('a');
  void ask('b');
  await opened.get('fcm a')?.answer({ outcome: 'delivered' });
  await time.advance(20 * MINUTE_MS);
  expect(lanes.count()).toEqual({ fcm: 1 });
  await opened.get('fcm b')?.answer({ outcome: 'delivered' });
  await time.advance(20 * MINUTE_MS);
  expect([lanes.count(), time.pending]).toEqual([{}, 0]);
});

test('a wake that no provider can deliver is turned away and counted', async () => {
  const { ask, telemetry } = setUp();
  expect(await ask('nowhere')).toBe('dropped');
  expect(telemetry.total('wakes_turned_away', 'fcm')).toBe(1);
});

test('a drain waits for every lane, and sums up what was lost', async () => {
  const { ask, lanes } = setUp();
  for (const token of ['a', 'b']) void ask(token);
  const time = new AbortController();
  const drained = lanes.drain(time.signal);
  await settled();
  time.abort();
  expect(await drained).toBe(2);
});

test('a wake that follows its key to a lane that is done already counts as lost at a stop', async () => {
  const { ask, lanes } = setUp();
  const drained = lanes.drain(new AbortController().signal);
  expect(await ask('elsewhere')).toBe('dropped');
  expect(await drained).toBe(1);
});

test('a key that moves is looked for in the lane of its former device and in the one that hosts share', async () => {
  const { ask, lanes, opened } = setUp();
  for (let n = 0; n <= 5000; n++) void ask(`host-${n}`);
  const followed: string[] = [];
  for (const [name, { lane }] of opened)
    lane.follow = async (device) => void followed.push(`${name}: ${device}`);
  const { target, device } = wakeRequest('host-7');
  expect(await lanes.follow(target, device)).toBe(true);
  expect(followed).toEqual(['fcm host-7: fcm host-7', 'fcm shared: fcm host-7']);
  expect(await lanes.follow(wakeRequest('nowhere').target, 'fcm nowhere')).toBe(false);
});
