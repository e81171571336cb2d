import { expect, test } from 'vitest';

import { COOLDOWN_MS, fleetScene, WINDOW_MS, type FleetServer } from '../../../test/support/fleet-scene.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';

/** Longer than a server waits before it looks whether the owner has acted. */
const LOOKED_MS = 1500;
/** Longer than a server gathers the wakes that other servers hand to it. */
const HANDED_MS = 200;

/** The n-th event for phone 1. */
const forPhone1 = (n: number): object => ({
  id: n.toString(16).padEnd(64, 'a'),
  tags: [['p', tradeKey(1)]],
});

type Three = readonly [FleetServer, FleetServer, FleetServer];

test('a chat wake goes to the server that owns the device', async () => {
  const { schedule, servers } = await fleetScene();
  const [owner, second] = servers as Three;
  await second.waker.announceChat(tradeKey(2));
  await schedule.advance(HANDED_MS);
  expect([owner.pushes, second.pushes]).toEqual([['phone 2'], []]);
});

test('a chat wake that its server holds when it is killed is sent by another server, whichever was asked for it', async () => {
  const { kill, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [owner, second, third] = servers as Three;
  // The first wake begins a window, so that the others are held: one is the owner's own, one was handed to it.
  await owner.waker.announceChat(tradeKey(1));
  await owner.waker.announceChat(tradeKey(1));
  for (let n = 0; n < 2; n++) await second.waker.announceChat(tradeKey(2));
  await schedule.advance(HANDED_MS);
  expect(pushes()).toEqual(['phone 1', 'phone 2']);
  await second.waker.announceChat(tradeKey(2));
  await schedule.advance(HANDED_MS);
  kill(owner);
  await schedule.advance(120_000);
  expect([...second.pushes, ...third.pushes].toSorted()).toEqual(['phone 1', 'phone 2']);
});

test('a chat wake that was sent is not sent again when its server is killed', async () => {
  const { kill, pushes, schedule, servers } = await fleetScene();
  const [owner, second] = servers as Three;
  await owner.waker.announceChat(tradeKey(1));
  await second.waker.announceChat(tradeKey(2));
  await schedule.advance(HANDED_MS);
  kill(owner);
  await schedule.advance(10_000);
  expect(pushes()).toEqual(['phone 1', 'phone 2']);
});

test('a chat wake that lies in the inbox of a server that is killed is sent by another server', async () => {
  const { kill, schedule, servers } = await fleetScene();
  const [owner, second, third] = servers as Three;
  owner.share.freeze();
  await second.waker.announceChat(tradeKey(1));
  await schedule.advance(HANDED_MS);
  kill(owner);
  await schedule.advance(10_000);
  expect([...owner.pushes, ...second.pushes, ...third.pushes]).toEqual(['phone 1']);
});

test('the window that a chat wake began goes on at the server that takes over', async () => {
  const { kill, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [owner, second, third] = servers as Three;
  await owner.waker.announceChat(tradeKey(1));
  await schedule.advance(100);
  await second.waker.announceChat(tradeKey(1));
  await schedule.advance(WINDOW_MS);
  expect(owner.pushes).toHaveLength(2);
  kill(owner);
  await schedule.advance(COOLDOWN_MS / 2);
  await third.waker.announceChat(tradeKey(1));
  await schedule.advance(COOLDOWN_MS / 4);
  expect([...second.pushes, ...third.pushes]).toEqual([]);
  await schedule.advance(COOLDOWN_MS / 2);
  expect([...second.pushes, ...third.pushes]).toEqual(['phone 1']);
});

test('a device is woken no more often within an hour because its server changes', async () => {
  const { come, event, kill, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const living = [...servers];
  for (let n = 0; n < 120; n++) {
    await come(event(1, forPhone1(n)), ...living);
    for (const { waker } of living.slice(0, 1)) await waker.announceChat(tradeKey(1));
    await schedule.advance(COOLDOWN_MS / 4);
    if (n % 50 !== 49) continue;
    const [owner] = living.splice(0, 1);
    if (owner !== undefined) kill(owner);
    await schedule.advance(10_000);
  }
  await schedule.advance(1500_000);
  // An hour has not passed: thirty for events, and thirty for chat messages.
  expect(pushes().length).toBeLessThanOrEqual(60);
  const before = pushes().length;
  await schedule.advance(3600_000);
  expect(pushes().length).toBeGreaterThan(before);
});

test('what runs for a device goes on at another server although the engine has lost everything', async () => {
  const { come, event, fleet, kill, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [owner, second, third] = servers as Three;
  await come(event(1, forPhone1(1)), ...servers);
  await come(event(1, forPhone1(2)), ...servers);
  await schedule.advance(WINDOW_MS + 100);
  expect(pushes()).toHaveLength(2);
  fleet.stop();
  fleet.start({ isEmpty: true });
  kill(owner);
  await schedule.advance(10_000);
  await come(event(1, forPhone1(3)), second, third);
  await schedule.advance(COOLDOWN_MS / 2);
  expect(pushes()).toHaveLength(2);
  await schedule.advance(COOLDOWN_MS / 2);
  expect(pushes()).toHaveLength(3);
});

test('a wake whose key moves to a device of another server is held by what runs for that device there', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [first, second] = servers as Three;
  fleet.rank = (group) => (group.endsWith('2') ? [second, first] : [first, second]).map(({ share }) => share);
  // A window of each device runs, and a wake of device 1 is held.
  for (const n of [1, 2]) await come(event(n), first, second);
  await come(event(1, forPhone1(9)), first, second);
  for (const { registrations, waker } of [second, first]) {
    await registrations.register(tradeKey(1), fcmTarget('phone 2'), 'android');
    await waker.keyMoved(tradeKey(1), fcmTarget('phone 1'), fcmTarget('phone 2'));
  }
  await schedule.advance(HANDED_MS);
  expect(pushes()).toEqual(['phone 1', 'phone 2']);
  await schedule.advance(WINDOW_MS);
  expect(second.pushes).toEqual(['phone 2', 'phone 2']);
});

test('a wake that is handed to a server that has not read the registration yet waits for it', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene({ keys: 0 });
  const [owner, second] = servers as Three;
  for (const n of [1, 2])
    await second.registrations.register(tradeKey(n), fcmTarget(`phone ${n}`), 'android');
  await second.waker.announceChat(tradeKey(1));
  await come(event(2), second);
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual([]);
  for (const n of [1, 2]) await owner.registrations.register(tradeKey(n), fcmTarget(`phone ${n}`), 'android');
  await schedule.advance(LOOKED_MS);
  expect(owner.pushes.toSorted()).toEqual(['phone 1', 'phone 2']);
});
