import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import { MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import type { Wake } from '../lanes/wake.ts';
import { addressOf, deviceOf, type PushTarget } from '../registry/push-target.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';

const INTERVAL_MS = 20 * MINUTE_MS;

/** A wheel of 20 minutes. The n-th device that enters has the n-th of these phases, in seconds. */
function setUp(phases: readonly number[] = [], parts: Partial<HeartbeatOptions> = {}) {
  const time = new FakeSchedule();
  const start = time.clock.now;
  const left = [...phases];
  const handed: { readonly at: number; readonly wake: Wake }[] = [];
  const unregistered = new Set<string>();
  const heartbeat = new Heartbeat({
    intervalMs: INTERVAL_MS,
    schedule: time.schedule,
    monotonic: time.clock.read,
    draw: () => left.shift() ?? 0,
    hand: async (wake) => {
      handed.push({ at: (time.clock.now - start) / SECOND_MS, wake });
      return 'sent';
    },
    wakeFor: (target) => {
      const name = addressOf(target);
      return unregistered.has(name) ? undefined : keyWake(name, { kind: 'chat_wake', priority: 'recovered' });
    },
    ...parts,
  });
  return {
    heartbeat,
    time,
    handed,
    unregistered,
    enter: (...names: string[]) => {
      for (const name of names) heartbeat.enter(fcmTarget(name));
    },
    wakes: () => handed.map(({ at, wake }) => `${at} ${addressOf(wake.target)}`),
    pass: (seconds: number) => time.advance(seconds * SECOND_MS),
  };
}

test('each device is woken at its phase of every interval', async () => {
  const { enter, pass, wakes } = setUp([99, 9]);
  enter('a', 'b', 'a');
  await pass(2450);
  expect(wakes()).toEqual(['10 b', '100 a', '1210 b', '1300 a', '2410 b']);
});

test('a beat is a uniform wake, asked whether it is still wanted', async () => {
  const { enter, handed, pass } = setUp();
  enter('a');
  await pass(1);
  expect(handed[0]?.wake).toMatchObject({ kind: 'silent_wake', priority: 'live', wasHeld: true });
});

test('no request, owed wake or move of a key changes when a device is woken', async () => {
  const { enter, heartbeat, pass, wakes } = setUp([99]);
  enter('a');
  await pass(50);
  expect(heartbeat.heeds()).toBe(false);
  expect(await heartbeat.request()).toBe('sent');
  heartbeat.hold();
  expect(heartbeat.isHeld()).toBe(true);
  expect(heartbeat.move(tradeKey(1), fcmTarget('a'), fcmTarget('b'))).toBeUndefined();
  await pass(1000);
  expect(wakes()).toEqual(['100 a']);
});

test('a key that moves to a device of another policy has that device woken, which no beat will', async () => {
  const asked: Wake[] = [];
  const { enter, heartbeat } = setUp([], {
    redirect: async (wake) => {
      asked.push(wake);
      return 'owed';
    },
  });
  enter('a');
  expect(await heartbeat.move(tradeKey(1), fcmTarget('a'), fcmTarget('b'))).toBe('owed');
  expect(asked.map(({ target }) => target)).toEqual([fcmTarget('b')]);
});

test('a device that no key points at any more leaves the wheel at its next beat, and an empty wheel leaves no timer', async () => {
  const { enter, heartbeat, pass, time, unregistered, wakes } = setUp([10, 20]);
  enter('a', 'b');
  unregistered.add('a').add('b');
  await pass(15);
  expect(heartbeat.size).toBe(1);
  await pass(60);
  expect([heartbeat.size, wakes(), time.pending]).toEqual([0, [], 0]);
  unregistered.clear();
  enter('a');
  await pass(30);
  expect(wakes()).toEqual(['76 a']);
});

test('a device that gets another policy is woken a last time, for the events since its last beat', async () => {
  const { enter, heartbeat, pass, wakes } = setUp([10]);
  enter('a');
  await pass(100);
  heartbeat.leave(fcmTarget('a'));
  heartbeat.leave(fcmTarget('a'));
  await pass(3000);
  expect(wakes()).toEqual(['11 a', '100 a']);
  expect(heartbeat.has(deviceOf(fcmTarget('a')))).toBe(false);
});

test('a device that was to get another policy is owed its last wake at a stop, if a record keeps it', async () => {
  const owed: string[] = [];
  const record = {
    owe: ({ target }: { target: PushTarget }) => void owed.push(addressOf(target)),
    pay: () => undefined,
    find: () => undefined,
  };
  const { enter, heartbeat, wakes } = setUp([], {
    wakeFor: (target) => keyWake(addressOf(target), {}, { owed: record }),
  });
  enter('a');
  heartbeat.leaveAtStop(fcmTarget('a'));
  heartbeat.leaveAtStop(fcmTarget('a'));
  heartbeat.leaveAtStop(fcmTarget('b'));
  expect([owed, wakes(), heartbeat.size]).toEqual([['a'], [], 0]);
});

test('a process that stood still for several intervals wakes each device once for it, and keeps the phases', async () => {
  const { enter, time, pass, wakes } = setUp([9, 99]);
  enter('a', 'b');
  time.clock.advance(3 * INTERVAL_MS + 50 * SECOND_MS);
  await pass(0);
  expect(wakes().toSorted()).toEqual(['3650 a', '3650 b']);
  await pass(1200);
  expect(wakes().slice(2)).toEqual(['3700 b', '4810 a']);
});

test('the phases of many devices are spread over the whole interval', async () => {
  const perMinute = Array.from({ length: 20 }, () => 0);
  const { enter, handed, pass } = setUp([], { draw: (below) => Math.floor(Math.random() * below) });
  for (let n = 0; n < 4000; n++) enter(`device-${n}`);
  await pass(INTERVAL_MS / SECOND_MS);
  expect(handed).toHaveLength(4000);
  for (const { at } of handed) {
    const minute = Math.min(19, Math.floor((at - 0.5) / 60));
    perMinute[minute] = (perMinute[minute] ?? 0) + 1;
  }
  // 200 are expected in each minute. Six standard deviations.
  for (const count of perMinute) expect(Math.abs(count - 200)).toBeLessThan(6 * 14);
});

test('an interval of six seconds is kept to the millisecond', async () => {
  const { enter, pass, wakes } = setUp([30], { intervalMs: 6000 });
  enter('a');
  await pass(20);
  expect(wakes()).toEqual(['3.1 a', '9.1 a', '15.1 a']);
});

test('a stop ends all beats', async () => {
  const { enter, heartbeat, pass, time, wakes } = setUp([10]);
  enter('a');
  await heartbeat.flush();
  enter('b');
  await pass(3000);
  expect([wakes(), heartbeat.size, time.pending]).toEqual([[], 0, 0]);
});
