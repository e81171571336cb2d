import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { SECOND_MS } from '../basics/clock.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import { addressOf, deviceOf } from '../registry/push-target.ts';
import type { KeyWakeContext, KeyWakeOptions } from './key-wake.ts';
import { SlotEdges } from './slot-edges.ts';
import { Slots, type SlotsOptions } from './slots.ts';

const SLOT_S = 30;

interface Handed {
  readonly at: number;
  readonly name: string;
  readonly wake: Wake;
}

/** Slots of 30 s, of which one begins now. Every wake that leaves is sent. The order of a burst is that of the devices, reversed. */
function setUp(parts: Partial<SlotsOptions> = {}) {
  const time = new FakeSchedule();
  const start = time.clock.now;
  const { schedule, clock } = time;
  const edges = new SlotEdges({
    slotMs: SLOT_S * SECOND_MS,
    offsetMs: 0,
    clock: clock.read,
    monotonic: clock.read,
    schedule,
  });
  const handed: Handed[] = [];
  const hand = async (wake: Wake): Promise<WakeEnd> => {
    handed.push({ at: (clock.now - start) / SECOND_MS, name: addressOf(wake.target), wake });
    return 'sent';
  };
  const slots = new Slots({ edges, schedule, draw: () => 0, hand, ...parts });
  return {
    slots,
    time,
    handed,
    /** When which device was woken. */
    wakes: () => handed.map(({ at, name }) => `${at} ${name}`),
    event: (
      name: string,
      options: Partial<KeyWakeOptions> = {},
      context: Partial<KeyWakeContext> = {},
    ): Promise<WakeEnd> => slots.request(keyWake(name, options, context)),
    pass: (seconds: number) => time.advance(seconds * SECOND_MS),
  };
}

/** A record that keeps owed wakes. */
function record() {
  const kept: string[] = [];
  const owed = {
    owe: ({ kind, target }: { kind: string; target: Wake['target'] }) =>
      void kept.push(`${kind} ${addressOf(target)}`),
    pay: () => undefined,
    find: () => undefined,
  };
  return { kept, context: { owed } };
}

test('a wake leaves at the next edge, and one wake stands for all events of its slot', async () => {
  const { event, pass, slots, time, wakes } = setUp();
  await pass(1);
  for (const name of ['a', 'a', 'b', 'a']) void event(name);
  expect(slots.size).toBe(2);
  await pass(40);
  void event('a');
  await pass(60);
  expect(wakes()).toEqual(['30 b', '30 a', '60 a']);
  expect([slots.size, time.pending]).toEqual([0, 0]);
});

test('an event at the moment of an edge waits for the edge after it', async () => {
  const { event, pass, wakes } = setUp();
  await pass(30);
  void event('a');
  await pass(30);
  expect(wakes()).toEqual(['60 a']);
});

test('whatever asked for a wake, it looks the same: silent, live, and asked whether it is still wanted', async () => {
  const { event, handed, pass } = setUp();
  void event('a', { kind: 'chat_wake', priority: 'recovered' });
  void event('b', { isVouched: true });
  await pass(30);
  const look = { kind: 'silent_wake', priority: 'live', wasHeld: true };
  expect(handed.map(({ wake }) => wake)).toMatchObject([look, look]);
});

test('every order of a burst is equally likely', async () => {
  const orders = new Map<string, number>();
  for (let n = 0; n < 1200; n++) {
    const { event, pass, handed } = setUp({ draw: (below) => Math.floor(Math.random() * below) });
    for (const name of 'abc') void event(name);
    await pass(30);
    const order = handed.map(({ name }) => name).join('');
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  // Each is expected 200 times. Six standard deviations: about once in a billion runs.
  expect(orders.size).toBe(6);
  for (const count of orders.values()) expect(Math.abs(count - 200)).toBeLessThan(6 * 13);
});

test('all who asked for a wake in one slot hear how it ended', async () => {
  const { event, pass } = setUp({ hand: async () => 'owed' });
  const ends = [event('a'), event('a'), event('b')];
  await pass(30);
  expect(await Promise.all(ends)).toEqual(['owed', 'owed', 'owed']);
});

test('a wake is held for its keys only, until it has left', async () => {
  const { event, pass, slots } = setUp();
  void event('a', { keys: [tradeKey(1)] });
  const device = deviceOf(fcmTarget('a'));
  expect([slots.isHeld(device, tradeKey(1)), slots.isHeld(device, tradeKey(2))]).toEqual([true, false]);
  await pass(30);
  expect(slots.isHeld(device, tradeKey(1))).toBe(false);
});

test('an edge whose wakes have all gone to another policy is no burst', async () => {
  let bursts = 0;
  const { event, pass, slots, wakes } = setUp({ onBurst: () => bursts++ });
  void event('a');
  expect(slots.release(deviceOf(fcmTarget('a')))).toHaveLength(1);
  expect(slots.release(deviceOf(fcmTarget('a')))).toEqual([]);
  await pass(30);
  expect([wakes(), bursts, slots.size]).toEqual([[], 0, 0]);
});

test('a key that moves takes its wake to the other device, at the same edge', async () => {
  const { event, pass, slots, wakes } = setUp();
  void event('a', { keys: [tradeKey(1)] });
  void event('a', { keys: [tradeKey(2)] });
  expect(slots.move(tradeKey(1), fcmTarget('a'), fcmTarget('b'))).toBeDefined();
  expect(slots.move(tradeKey(3), fcmTarget('a'), fcmTarget('b'))).toBeUndefined();
  await pass(30);
  expect(wakes()).toEqual(['30 b', '30 a']);
});

test('wakes that complete a burst leave together with those that are due', async () => {
  const { event, pass, wakes } = setUp({
    complete: (due) => (due.size === 1 ? [keyWake('c'), ...due.values(), keyWake('d')] : []),
  });
  void event('a');
  await pass(30);
  expect(wakes()).toEqual(['30 a', '30 d', '30 c']);
});

test('a large burst leaves in parts, with one wake for each device', async () => {
  const { event, pass, slots, time, wakes } = setUp();
  for (let n = 0; n < 1000; n++) void event(`device-${n}`);
  await time.advance(SLOT_S * SECOND_MS - 1);
  const timers = time.pending;
  // Within the first turn of the burst only a part has left.
  time.clock.advance(1);
  const advanced = time.advance(0);
  expect(timers).toBe(1);
  await advanced;
  expect(wakes()).toHaveLength(1000);
  await pass(60);
  expect([wakes().length, slots.size]).toEqual([1000, 0]);
});

test('an event during a burst is followed by another wake, whether the wake of its device has left or not', async () => {
  let room = 1;
  const { event, pass, slots, wakes } = setUp({ room: () => (room > 0 ? room-- : 0) });
  for (const name of 'ab') void event(name, { keys: [tradeKey(1)] });
  await pass(31);
  expect(wakes()).toEqual(['30 b']);
  for (const name of 'ab') {
    expect(slots.isHeld(deviceOf(fcmTarget(name)), tradeKey(1))).toBe(false);
    void event(name, { keys: [tradeKey(1)] });
  }
  room = 1;
  await pass(10);
  expect(wakes()).toHaveLength(2);
  room = 2;
  await pass(30);
  expect(wakes().map((wake) => wake.split(' ')[1])).toEqual(['b', 'a', 'b', 'a']);
});

test('an owed wake of an earlier run leaves at an edge', async () => {
  const { pass, slots, wakes } = setUp();
  slots.hold(keyWake('a'));
  await pass(30);
  expect(wakes()).toEqual(['30 a']);
});

test('a stop waits for an edge that comes in time', async () => {
  const { event, pass, slots, time, wakes } = setUp();
  void event('a');
  await pass(26);
  const flushed = slots.flush(5 * SECOND_MS);
  void event('b');
  await pass(5);
  await flushed;
  expect([wakes(), time.pending]).toEqual([['30 b', '30 a'], 0]);
});

test('a stop long before the edge leaves the wakes to the record, with what asked for them', async () => {
  const { context, kept } = record();
  const { event, slots, time, wakes } = setUp();
  const ends = [event('a', {}, context), event('b', { kind: 'chat_wake' }, context)];
  await slots.flush(5 * SECOND_MS);
  expect(await Promise.all(ends)).toEqual(['owed', 'owed']);
  expect([kept, wakes(), time.pending]).toEqual([['silent_wake a', 'chat_wake b'], [], 0]);
  // A wake that follows its key here is owed, too.
  expect(await event('c', {}, context)).toBe('owed');
});

test('a stop long before the edge without a record sends the wakes in one burst', async () => {
  const { event, slots, time, wakes } = setUp();
  const ends = [event('a'), event('b')];
  await slots.flush(5 * SECOND_MS);
  expect([await Promise.all(ends), wakes(), time.pending]).toEqual([['sent', 'sent'], ['0 b', '0 a'], 0]);
  expect([await event('c'), wakes().length]).toEqual(['sent', 3]);
});

test('a stop waits until a large burst has left', async () => {
  const { event, slots, time, wakes } = setUp();
  for (let n = 0; n < 1000; n++) void event(`device-${n}`);
  const flushed = slots.flush(0);
  expect(wakes().length).toBeLessThan(1000);
  await settled();
  await time.advance(0);
  await flushed;
  expect(wakes()).toHaveLength(1000);
});
