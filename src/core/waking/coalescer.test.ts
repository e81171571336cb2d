import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { SECOND_MS } from '../basics/clock.ts';
import { Coalescer } from './coalescer.ts';
import { addressOf } from '../registry/push-target.ts';
import type { WakeEnd } from '../lanes/wake.ts';
import type { KeyWake, KeyWakeOptions } from './key-wake.ts';

interface Handed {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly request: KeyWake;
  readonly end: (how: WakeEnd) => void;
}

function setUp() {
  const time = new FakeSchedule();
  const start = time.clock.now;
  const handed: Handed[] = [];
  const hand = (request: KeyWake): Promise<WakeEnd> =>
    new Promise((end) => handed.push({ at: (time.clock.now - start) / SECOND_MS, request, end }));
  const coalescer = new Coalescer({
    batchDelayMs: 5000,
    cooldownMs: 60_000,
    schedule: time.schedule,
    monotonic: time.clock.read,
    hand,
  });
  return {
    coalescer,
    handed,
    time,
    /** An event for the phone this many seconds after the beginning. */
    eventAt: async (seconds: number, parts: Partial<KeyWakeOptions> = {}): Promise<void> => {
      await time.advance(start + seconds * SECOND_MS - time.clock.now);
      void coalescer.request(keyWake('phone', parts));
    },
    wakesAt: () => handed.map(({ at }) => at),
    pass: (seconds: number) => time.advance(seconds * SECOND_MS),
  };
}

const CHAT = { kind: 'chat_wake' } as const;

test.each<[string, number[], number[]]>([
  ['one: a wake at once, and no other', [0], [0]],
  ['two within the window: one at once, one at its end', [0, 1], [0, 5]],
  ['fifty in three seconds: one at once, one at the end of the window', evenly(50, 3), [0, 5]],
  ['one in the window and one after it: the second waits for the cooldown', [0, 1, 6], [0, 5, 65]],
  ['one every second for three minutes', evenly(180, 180), [0, 5, 65, 125, 185]],
  ['a burst that ends in the middle of a cooldown', [0, 1, 20, 30, 40], [0, 5, 65]],
  ['one after a window in which nothing came: at once', [0, 5.001], [0, 5.001]],
  ['one at the last moment of the window', [0, 4.999], [0, 5]],
  ['one after a cooldown in which nothing came: at once', [0, 1, 65.001, 66], [0, 5, 65.001, 70.001]],
])('events of one device, %s', async (_, events, wakes) => {
  const { eventAt, wakesAt, pass, coalescer, time } = setUp();
  for (const at of events) await eventAt(at);
  await pass(5000);
  expect(wakesAt()).toEqual(wakes);
  expect({ size: coalescer.size, timers: time.pending }).toEqual({ size: 0, timers: 0 });
});

test('events of one device for twenty keys at once are answered by two wakes, the second for all keys but the first', async () => {
  const { eventAt, handed, wakesAt, pass } = setUp();
  for (let n = 1; n <= 20; n++) await eventAt(0, { keys: [tradeKey(n)] });
  await pass(5000);
  expect(wakesAt()).toEqual([0, 5]);
  expect(handed[1]?.request.keys).toEqual(Array.from({ length: 19 }, (_, n) => tradeKey(n + 2)));
});

test('events of one device that are held are live when one of them is', async () => {
  const { eventAt, handed, pass } = setUp();
  await eventAt(0);
  for (const priority of ['recovered', 'live', 'recovered'] as const) await eventAt(1, { priority });
  await pass(10);
  expect(handed[1]?.request.priority).toBe('live');
});

test('events of one device leave the wakes of another device alone', async () => {
  const { coalescer, handed, eventAt } = setUp();
  await eventAt(0);
  void coalescer.request(keyWake('other'));
  expect(handed.map(({ request }) => addressOf(request.target))).toEqual(['phone', 'other']);
});

test('the end of a wake is told to each request that the wake answers', async () => {
  const { coalescer, handed, pass } = setUp();
  const ends = [1, 2, 3].map(() => coalescer.request(keyWake('phone')));
  handed[0]?.end('sent');
  await pass(5);
  handed[1]?.end('owed');
  expect(await Promise.all(ends)).toEqual(['sent', 'owed', 'owed']);
});

test('the window begins when a wake is handed over, and not when the wake ends', async () => {
  const { eventAt, wakesAt, pass } = setUp();
  await eventAt(0);
  await eventAt(1);
  await pass(100);
  expect(wakesAt()).toEqual([0, 5]);
});

test('chat wakes are coalesced apart from relay wakes, and neither delays the other', async () => {
  const { eventAt, handed } = setUp();
  await eventAt(0, CHAT);
  await eventAt(0);
  expect(handed.map(({ request }) => request.kind)).toEqual(['chat_wake', 'silent_wake']);
});

test('chat wakes that are held go along with a relay wake at its time, once', async () => {
  const { coalescer, eventAt, handed, wakesAt, pass } = setUp();
  await eventAt(0, CHAT);
  const held = [1, 2].map(() => coalescer.request(keyWake('phone', CHAT)));
  await eventAt(2);
  handed[1]?.end('sent');
  expect(await Promise.all(held)).toEqual(['sent', 'sent']);
  await pass(5000);
  expect(wakesAt()).toEqual([0, 2]);
});

test('chat wakes that are held go along with a relay wake that was held as well', async () => {
  const { eventAt, wakesAt, pass } = setUp();
  await eventAt(0);
  await eventAt(1);
  await eventAt(2, CHAT);
  await eventAt(3, CHAT);
  await pass(5000);
  expect(wakesAt()).toEqual([0, 2, 5]);
});

test('chat wakes never take a relay wake along', async () => {
  const { coalescer, eventAt, handed, pass } = setUp();
  await eventAt(0);
  await eventAt(1);
  await eventAt(1, CHAT);
  expect(coalescer.isHeld('fcm phone', tradeKey(1))).toBe(true);
  await pass(10);
  expect(handed.map(({ request }) => request.kind)).toEqual(['silent_wake', 'chat_wake', 'silent_wake']);
});

test('chat wakes do not count as a relay wake that is held', async () => {
  const { coalescer, eventAt } = setUp();
  await eventAt(0, CHAT);
  await eventAt(1, CHAT);
  expect(coalescer.isHeld('fcm phone', tradeKey(1))).toBe(false);
});

test('a flush hands over at once what is held, tells its end, and leaves no timer', async () => {
  const { coalescer, eventAt, handed, wakesAt, time, pass } = setUp();
  await eventAt(0);
  const held = coalescer.request(keyWake('phone'));
  void coalescer.request(keyWake('other'));
  void coalescer.flush();
  handed[2]?.end('sent');
  expect(await held).toBe('sent');
  expect({ size: coalescer.size, timers: time.pending }).toEqual({ size: 0, timers: 0 });
  await pass(5000);
  expect(wakesAt()).toEqual([0, 0, 0]);
});

test('a flush hands over a held chat wake together with the held relay wake', async () => {
  const { coalescer, eventAt, handed } = setUp();
  for (const at of [0, 0]) await eventAt(at);
  for (const at of [0, 0]) await eventAt(at, CHAT);
  void coalescer.flush();
  expect(handed.map(({ request }) => request.kind)).toEqual(['silent_wake', 'chat_wake', 'silent_wake']);
});

/** The times of events that are spread evenly over a span, the first one at 0. */
function evenly(count: number, seconds: number): number[] {
  return Array.from({ length: count }, (_, n) => (n * seconds) / count);
}

const [K1, K2] = [tradeKey(1), tradeKey(2)];
const [OLD, NEW] = [keyWake('phone').target, keyWake('new').target];

test('a held wake whose key moves to another device is handed over at once for that device if it had no wake, and leaves nothing behind', async () => {
  const { coalescer, eventAt, handed, pass } = setUp();
  await eventAt(0);
  await eventAt(1);
  void coalescer.move(K1, OLD, NEW);
  expect(handed.map(({ request }) => addressOf(request.target))).toEqual(['phone', 'new']);
  await pass(300);
  expect([handed.length, coalescer.size]).toEqual([2, 0]);
});

test('a held wake whose key moves to another device waits for the window of that device if it was woken just now', async () => {
  const { coalescer, eventAt, wakesAt, pass } = setUp();
  await eventAt(0);
  await eventAt(1);
  void coalescer.request(keyWake('new'));
  void coalescer.move(K1, OLD, NEW);
  await pass(5);
  expect(wakesAt()).toEqual([0, 1, 6]);
});

test('a held wake for two keys is split when one key moves to another device, and has ended when both wakes have', async () => {
  const { coalescer, eventAt, handed, pass } = setUp();
  await eventAt(0);
  let end: WakeEnd | undefined;
  void coalescer.request(keyWake('phone', { keys: [K1, K2] })).then((how) => (end = how));
  void coalescer.move(K1, OLD, NEW);
  await pass(5);
  expect(handed.map(({ request }) => [addressOf(request.target), request.keys])).toEqual([
    ['phone', [K1]],
    ['new', [K1]],
    ['phone', [K2]],
  ]);
  handed[2]?.end('sent');
  await pass(0);
  expect(end).toBeUndefined();
  handed[1]?.end('owed');
  await pass(0);
  expect(end).toBe('owed');
});

test('a wake that is asked for after the flush goes to its lane at once', async () => {
  const { coalescer, eventAt, handed } = setUp();
  await eventAt(0);
  void coalescer.flush();
  for (let n = 0; n < 2; n++) void coalescer.request(keyWake('new'));
  expect(handed.map(({ request }) => addressOf(request.target))).toEqual(['phone', 'new', 'new']);
});
