import { expect, test } from 'vitest';

import { FORGED, frameOf } from '../../../test/support/admission.ts';
import { fleetScene, type FleetServer } from '../../../test/support/fleet-scene.ts';
import { tradeKey } from '../../../test/support/registrations.ts';

/** Longer than a server waits before it looks whether the owner has acted. */
const LOOKED_MS = 1500;

/** The n-th event for phone 1. */
const forPhone1 = (n: number): object => ({
  id: n.toString(16).padEnd(64, 'a'),
  tags: [['p', tradeKey(1)]],
});

type Three = readonly [FleetServer, FleetServer, FleetServer];

test('an event that every server gets is verified and woken for by the owner alone', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [owner, second, third] = servers as Three;
  for (let n = 1; n <= 3; n++) await come(event(n), second, owner, third, second);
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['phone 1', 'phone 2', 'phone 3']);
  expect([owner.verified.length, second.verified.length, third.verified.length]).toEqual([3, 0, 0]);
  // A copy that comes later is known everywhere.
  await come(event(1), third, second, owner);
  await schedule.advance(LOOKED_MS);
  expect([pushes().length, second.verified.length, third.verified.length]).toEqual([3, 0, 0]);
});

test('an event that the owner does not get is handed to it after a second, whoever has it', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [owner, second, third] = servers as Three;
  await come(event(1), third);
  await come(event(2), second, third);
  expect(pushes()).toEqual([]);
  await schedule.advance(LOOKED_MS);
  expect(owner.pushes.toSorted()).toEqual(['phone 1', 'phone 2']);
  expect(pushes()).toHaveLength(2);
});

test('an event that only a server has that stops is handed to its owner before that, and no other event', async () => {
  const { come, event, fleet, kill, pushes, schedule, servers } = await fleetScene();
  const [owner, second, third] = servers as Three;
  await come(event(1), ...servers);
  await come(event(2), third);
  void third.shared.stop();
  await schedule.advance(0);
  kill(third);
  await schedule.advance(LOOKED_MS);
  expect([owner.pushes, third.verified]).toEqual([['phone 1', 'phone 2'], [event(2).id]]);
  // Without the engine it cannot know what others have, and leaves it to them.
  await come(event(3), owner, second);
  fleet.stop();
  void second.shared.stop();
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['phone 1', 'phone 2', 'phone 3']);
});

test('a forged copy that comes first to every server suppresses nothing', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [owner, second] = servers as Three;
  const forged = { ...event(1), sig: FORGED };
  await come(forged, ...servers);
  await come(event(1), second);
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['phone 1']);
  expect(owner.pushes).toEqual(['phone 1']);
});

test('many forged copies that differ do not push the genuine one out', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Three;
  for (let n = 0; n < 30; n++) {
    // Each names another author, so that no account of a key is used up.
    await come({ ...event(1), sig: FORGED, content: `forged ${n}` }, second);
    if (n === 10) await come(event(1), second);
  }
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['phone 1']);
});

test('the events that a dead owner had claimed, or was handed, are woken for by another server', async () => {
  const { come, event, kill, pushes, schedule, servers } = await fleetScene();
  const [owner, second, third] = servers as Three;
  owner.end = undefined;
  await come(event(1), ...servers);
  kill(owner);
  await come(event(2), second, third);
  await come(event(3), third);
  await schedule.advance(8000);
  // The push for event 1 was under way when the owner died: it comes twice.
  expect(pushes()).toEqual(['phone 1', expect.any(String), expect.any(String), expect.any(String)]);
  expect([...second.pushes, ...third.pushes].toSorted()).toEqual(['phone 1', 'phone 2', 'phone 3']);
});

test('without the engine the owner wakes, the others wait, and nobody is woken again when it is back empty', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene();
  const [owner, second, third] = servers as Three;
  fleet.stop();
  await come(event(1), ...servers);
  await come(event(2), second, third);
  await schedule.advance(5000);
  expect(pushes()).toEqual(['phone 1']);
  fleet.start({ isEmpty: true });
  await schedule.advance(LOOKED_MS);
  expect(pushes().toSorted()).toEqual(['phone 1', 'phone 2']);
  expect(owner.pushes).toHaveLength(2);
});

test('a forged copy that comes while the genuine one is looked at, and the engine does not answer, hides nothing', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Three;
  await come(event(1), second);
  fleet.stop();
  const look = second.share.look.bind(second.share);
  second.share.look = async (asked) => {
    second.share.look = look;
    await second.intake.admit(frameOf({ ...event(1), sig: FORGED }), 'live');
    return look(asked);
  };
  await schedule.advance(LOOKED_MS);
  fleet.start();
  await schedule.advance(2 * LOOKED_MS);
  expect(pushes()).toEqual(['phone 1']);
});

test('a window goes on at the server that takes over', async () => {
  const { come, event, kill, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [owner, second, third] = servers as Three;
  await come(event(1, forPhone1(1)), ...servers);
  expect(pushes()).toEqual(['phone 1']);
  // This event is held until the end of the window, and is adopted from the dead.
  await come(event(1, forPhone1(2)), ...servers);
  kill(owner);
  await schedule.advance(LOOKED_MS);
  await come(event(1, forPhone1(3)), second, third);
  await schedule.advance(70_000);
  expect(pushes()).toHaveLength(2);
});

test('a server that comes takes over no device whose window runs', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [first, second, third] = servers as Three;
  let ranked = [first.share, second.share, third.share];
  fleet.rank = () => ranked;
  await come(event(1, forPhone1(1)), ...servers);
  ranked = [third.share, first.share, second.share];
  for (let n = 2; n < 6; n++) await come(event(1, forPhone1(n)), ...servers);
  expect(pushes()).toHaveLength(1);
  await schedule.advance(5100);
  expect(first.pushes).toHaveLength(2);
  expect(pushes()).toHaveLength(2);
});

test('a wake of a frozen server that others have taken over is not sent again when it thaws', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene({ isCoalescing: true });
  const [owner, second, third] = servers as Three;
  await come(event(1, forPhone1(1)), ...servers);
  await come(event(1, forPhone1(2)), ...servers);
  owner.share.freeze();
  // Its timers go on in this test, and ask before they send: the others have taken over long before the cooldown of a real server ends.
  await schedule.advance(4500);
  const before = pushes().length;
  await schedule.advance(120_000);
  owner.share.thaw();
  await schedule.advance(120_000);
  expect(before).toBe(1);
  expect([second, third].flatMap((server) => server.pushes).length).toBeLessThanOrEqual(1);
  expect(pushes().length).toBeLessThanOrEqual(3);
});

test('what a recovery of one server brings wakes each device once, and no event wakes twice for it', async () => {
  const { event, pushes, schedule, servers, come } = await fleetScene();
  const [owner, second] = servers as Three;
  await come(event(1, forPhone1(0)), ...servers);
  const recoveries = [owner, second].map(({ intake }) => intake.beginRecovery());
  for (const recovery of recoveries)
    for (let n = 0; n < 5; n++) await recovery.admit(frameOf(event(1, forPhone1(n))));
  await schedule.advance(LOOKED_MS);
  for (const recovery of recoveries) recovery.end(true);
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toHaveLength(2);
  expect(owner.verified.filter((id) => id.startsWith('0'))).toHaveLength(1);
});

test('an event for devices of several owners wakes each of them once', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene();
  const [first, second, third] = servers as Three;
  fleet.rank = (group) =>
    (group.endsWith('2') ? [second, third, first] : [first, second, third]).map(({ share }) => share);
  const tags = [1, 2, 3].map((n) => ['p', tradeKey(n)]);
  await come(event(1, { tags }), third, second, first);
  await schedule.advance(LOOKED_MS);
  expect(pushes().toSorted()).toEqual(['phone 1', 'phone 2', 'phone 3']);
});
