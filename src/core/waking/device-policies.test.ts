import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { fcmTarget, registrationAt, tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import { addressOf, deviceOf } from '../registry/push-target.ts';
import type { Registration, WakePolicyName } from '../registry/registration.ts';
import { MemoryRegistrations } from '../../store/tables/memory-registrations.ts';
import { Coalescer } from './coalescer.ts';
import { DevicePolicies } from './device-policies.ts';
import { Heartbeat } from './heartbeat.ts';
import type { KeyWake } from './key-wake.ts';
import { SlotEdges } from './slot-edges.ts';
import { Slots } from './slots.ts';

/** The registration of the n-th key with the device of this name. */
function made(n: number, name: string, at: number, wakePolicy?: WakePolicyName): Registration {
  return registrationAt(at, {
    tradePubkey: tradeKey(n),
    target: fcmTarget(name),
    ...(wakePolicy && { wakePolicy }),
  });
}

/** A store with these registrations. */
async function storeOf(registrations: readonly Registration[]): Promise<MemoryRegistrations> {
  const store = new MemoryRegistrations({ capacity: 100 });
  for (const registration of registrations) await store.put(registration);
  return store;
}

/** The policies that a server offers beside its own: slots of 30 s from now on, and a beat every 20 minutes, 100 s from now. */
function setUp(
  server: WakePolicyName,
  offered: readonly WakePolicyName[] = ['prompt', 'slots', 'heartbeat'],
) {
  const time = new FakeSchedule();
  const { clock, schedule } = time;
  const start = clock.now;
  const woken: string[] = [];
  const unregistered = new Set<string>();
  const hand = async (wake: Wake): Promise<WakeEnd> => {
    woken.push(`${(clock.now - start) / SECOND_MS} ${addressOf(wake.target)}`);
    return 'sent';
  };
  const redirect = (wake: KeyWake): Promise<WakeEnd> => policies.request(wake);
  const monotonic = clock.read;
  const edges = new SlotEdges({
    slotMs: 30 * SECOND_MS,
    offsetMs: 0,
    clock: clock.read,
    monotonic,
    schedule,
  });
  const heartbeat = new Heartbeat({
    intervalMs: 20 * MINUTE_MS,
    schedule,
    monotonic,
    draw: () => 99,
    hand,
    redirect,
    wakeFor: (target) => keyWake(addressOf(target)),
  });
  const all = {
    prompt: new Coalescer({ batchDelayMs: 5000, cooldownMs: 60_000, schedule, monotonic, hand, redirect }),
    slots: new Slots({ edges, schedule, draw: () => 0, hand, redirect }),
    heartbeat,
  };
  const names = new Set([server, ...offered]);
  const used = Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name as WakePolicyName)));
  const policies = new DevicePolicies({
    server,
    policies: used,
    heartbeat: names.has('heartbeat') ? heartbeat : undefined,
    edges,
    isRegistered: (target) => !unregistered.has(addressOf(target)),
    turn: async () => undefined,
  });
  return {
    policies,
    time,
    heartbeat,
    unregistered,
    /** Seconds since the beginning, and the device. */
    woken,
    event: (name: string) => policies.request(keyWake(name)),
    choose: (name: string, wakePolicy?: WakePolicyName) =>
      policies.choose({ target: fcmTarget(name), ...(wakePolicy && { wakePolicy }) }),
    nameOf: (name: string) => policies.nameOf(deviceOf(fcmTarget(name))),
    pass: (seconds: number) => time.advance(seconds * SECOND_MS),
  };
}

test('each device is woken by the policy that its newest registration asks for, else by the server’s', async () => {
  const { choose, event, pass, policies, woken } = setUp('prompt');
  choose('a', 'slots');
  choose('b', 'heartbeat');
  choose('c');
  await pass(1);
  for (const name of 'abc') void event(name);
  expect(['a', 'b', 'c'].map((name) => policies.heeds(deviceOf(fcmTarget(name))))).toEqual([
    true,
    false,
    true,
  ]);
  await pass(119);
  expect(woken).toEqual(['1 c', '30 a', '100 b']);
});

test('a policy that is not offered counts as the server’s', () => {
  const { choose, nameOf } = setUp('slots', []);
  choose('a', 'heartbeat');
  expect(nameOf('a')).toBe('slots');
});

test('a stronger policy is effective at once, also for a wake that is held', async () => {
  const { choose, event, pass, woken } = setUp('prompt');
  void event('a');
  await pass(1);
  const held = event('a');
  choose('a', 'slots');
  await pass(60);
  expect(woken).toEqual(['0 a', '30 a']);
  expect(await held).toBe('sent');
});

test('a weaker policy is effective from the next edge on: nothing leaves because of the change', async () => {
  const { choose, event, nameOf, pass, woken } = setUp('prompt');
  choose('a', 'slots');
  await pass(10);
  void event('a');
  choose('a', 'prompt');
  void event('a');
  expect([nameOf('a'), woken]).toEqual(['slots', []]);
  await pass(20);
  expect([nameOf('a'), woken]).toEqual(['prompt', ['30 a']]);
  await pass(3);
  void event('a');
  expect(woken.at(-1)).toBe('33 a');
});

test('a registration without a wish takes back an earlier one, at the next edge if the server’s policy is weaker', async () => {
  const { choose, nameOf, pass } = setUp('prompt');
  choose('a', 'slots');
  choose('a');
  expect(nameOf('a')).toBe('slots');
  choose('a', 'slots');
  await pass(60);
  expect(nameOf('a')).toBe('slots');
  choose('a');
  await pass(30);
  expect(nameOf('a')).toBe('prompt');
});

test('a device that leaves the heartbeat is woken at the edge of the change, for the events since its last beat', async () => {
  const { choose, event, heartbeat, pass, policies, woken } = setUp('heartbeat');
  choose('a');
  await pass(40);
  choose('a', 'slots');
  expect(policies.heeds(deviceOf(fcmTarget('a')))).toBe(false);
  await pass(20);
  expect([woken, heartbeat.size]).toEqual([['60 a'], 0]);
  void event('a');
  await pass(200);
  expect(woken).toEqual(['60 a', '90 a']);
});

test('a new device of a heartbeat server that asks for another policy has it at once', async () => {
  const { choose, event, heartbeat, pass, woken } = setUp('heartbeat');
  choose('a', 'slots');
  void event('a');
  await pass(200);
  expect([woken, heartbeat.size]).toEqual([['30 a'], 0]);
});

test('a key takes its held wake to a device of another policy, by the rules of that device', async () => {
  const { choose, event, pass, policies, woken } = setUp('prompt');
  choose('a', 'slots');
  void event('a');
  void policies.move(tradeKey(1), fcmTarget('a'), fcmTarget('b'));
  await pass(60);
  expect(woken).toEqual(['0 b']);
});

test('a restart finds for each device the policy of its newest registration', async () => {
  const { policies, heartbeat, nameOf, pass, woken } = setUp('prompt');
  const entries = [
    made(1, 'a', 5, 'slots'),
    made(2, 'a', 9, 'heartbeat'),
    made(3, 'a', 7, 'prompt'),
    made(4, 'b', 5, 'slots'),
    made(5, 'b', 6),
    made(6, 'c', 6),
    made(7, 'd', 6, 'slots'),
  ];
  policies.restore(await storeOf(entries));
  expect(['a', 'b', 'c', 'd'].map(nameOf)).toEqual(['heartbeat', 'prompt', 'prompt', 'slots']);
  expect(policies.chosen).toEqual({ heartbeat: 1, slots: 1 });
  await pass(120);
  expect([woken, heartbeat.size]).toEqual([['100 a'], 1]);
});

test('after a restart of a heartbeat server every device is on the wheel, but for those that asked for another policy', async () => {
  const { policies, heartbeat, nameOf } = setUp('heartbeat');
  const entries = [made(1, 'a', 1), made(2, 'b', 1), made(3, 'b', 2), made(4, 'c', 1, 'slots')];
  policies.restore(await storeOf(entries));
  expect([heartbeat.size, nameOf('c'), policies.size]).toEqual([2, 'slots', 2]);
});

test('the choice of a device that no key points at any more is forgotten at a sweep', async () => {
  const { choose, nameOf, policies, unregistered } = setUp('prompt');
  for (const name of 'ab') choose(name, 'slots');
  unregistered.add('a');
  await policies.prune();
  expect(['a', 'b'].map(nameOf)).toEqual(['prompt', 'slots']);
});

test('devices that come and go between two sweeps leave few choices behind', async () => {
  const { choose, policies, unregistered } = setUp('prompt');
  for (let n = 0; n < 20_000; n++) {
    choose(`device-${n}`, 'slots');
    unregistered.add(`device-${n}`);
    if (n % 1000 === 0) await settled();
  }
  expect(policies.chosen.slots).toBeLessThan(6000);
});

test('a stop before a device has left the heartbeat does not lose its last wake', async () => {
  const { choose, pass, policies, woken } = setUp('heartbeat');
  choose('a');
  await pass(40);
  choose('a', 'slots');
  await policies.flush(0);
  expect(woken).toEqual(['40 a']);
});

test('a stop waits for an edge although other policies hold nothing', async () => {
  const { choose, event, pass, policies, time, woken } = setUp('heartbeat');
  choose('a', 'slots');
  choose('b', 'prompt');
  void event('a');
  const flushed = policies.flush(30 * SECOND_MS);
  await pass(30);
  await flushed;
  expect([woken, time.pending]).toEqual([['30 a'], 0]);
});

test('a stop lets go of what every policy holds, and leaves no timer', async () => {
  const { choose, event, policies, time, woken } = setUp('prompt');
  choose('b', 'slots');
  choose('c', 'heartbeat');
  for (const name of 'aabc') void event(name);
  await policies.flush(0);
  expect(woken).toEqual(['0 a', '0 a', '0 b']);
  expect(time.pending).toBe(0);
});
