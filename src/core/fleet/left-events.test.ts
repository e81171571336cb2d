import { expect, test, vi } from 'vitest';

import { FORGED, frameOf } from '../../../test/support/admission.ts';
import { eventId } from '../../../test/support/events.ts';
import { fleetScene, type FleetServer } from '../../../test/support/fleet-scene.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';

/** Longer than a server waits before it looks whether the owner has acted. */
const LOOKED_MS = 1500;

type Two = readonly [FleetServer, FleetServer];

test('an event for a device of another server is not even parsed, unless its owner does not act', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Two;
  const parsed: string[] = [];
  const counted = (one: NostrEvent) =>
    frameOf(one, {
      parse: () => {
        parsed.push(one.id);
        return one;
      },
    });
  const [acted, missed] = [event(1), event(2)];
  expect(await second.intake.admit(counted(acted), 'live')).toBe('admitted');
  expect(await second.intake.admit(counted(missed), 'live')).toBe('admitted');
  await come(acted, ...servers);
  await schedule.advance(LOOKED_MS);
  expect(parsed).toEqual([missed.id]);
  expect(pushes().toSorted()).toEqual(['phone 1', 'phone 2']);
});

test('an event that its owner tells of is not looked for, unless the engine may have lost something since', async () => {
  const { come, event, pushes, fleet, schedule, servers } = await fleetScene();
  const [, second] = servers as Two;
  const look = vi.spyOn(second.share, 'look');
  const [told, doubtful] = [event(1), event(2)];
  await come(told, second, ...servers);
  await schedule.advance(LOOKED_MS);
  expect(look).not.toHaveBeenCalled();
  expect(await second.intake.admit(frameOf(told), 'live')).toBe('duplicate');
  await come(doubtful, second, ...servers);
  fleet.stop();
  fleet.start();
  await schedule.advance(LOOKED_MS);
  expect(look).toHaveBeenCalledOnce();
  expect(pushes().toSorted()).toEqual(['phone 1', 'phone 2']);
});

test('an event for two devices is looked for until its claims for both are told', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene();
  const [first, second, third] = servers as [FleetServer, FleetServer, FleetServer];
  fleet.rank = (group) => (group.endsWith('2') ? [second, first] : [first, second]).map(({ share }) => share);
  const look = vi.spyOn(third.share, 'look');
  const tags = [1, 2].map((n) => ['p', tradeKey(n)]);
  await come(event(1, { tags }), third, first);
  await schedule.advance(LOOKED_MS);
  expect(look).toHaveBeenCalled();
  expect(pushes().toSorted()).toEqual(['phone 1', 'phone 2']);
});

test('an event whose key is registered no more hides no copy that comes after the key is registered again', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Two;
  await come(event(1), second);
  for (const { registrations } of servers) await registrations.unregister(tradeKey(1));
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual([]);
  for (const { registrations } of servers)
    await registrations.register(tradeKey(1), fcmTarget('phone 1'), 'android');
  await come(event(1), second);
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['phone 1']);
});

test('events that an owner does not act on are all woken for, however many come at once', async () => {
  const keys = 300;
  const { come, event, pushes, schedule, servers } = await fleetScene({ keys });
  const [, second] = servers as Two;
  for (let n = 1; n <= keys; n++) await come(event(n, { id: eventId(n) }), second);
  await schedule.advance(20_000);
  expect(new Set(pushes()).size).toBe(keys);
  expect(pushes()).toHaveLength(keys);
});

test('an event whose key moves to another device meanwhile wakes that device', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Two;
  await come(event(1), second);
  for (const { registrations } of servers)
    await registrations.register(tradeKey(1), fcmTarget('new phone'), 'android');
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['new phone']);
});

test('an event that is stored, too, hides no live copy from a server that does not own its device', async () => {
  const { event, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Two;
  expect(await second.intake.admit(frameOf(event(1)), 'stored')).toBe('rejected');
  expect(await second.intake.admit(frameOf(event(1)), 'live')).toBe('admitted');
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual(['phone 1']);
});

test('a device of this server is not woken again for an event that another device needs', async () => {
  const { come, event, fleet, pushes, schedule, servers } = await fleetScene();
  const [first, second] = servers as Two;
  fleet.rank = (group) => (group.endsWith('2') ? [second, first] : [first, second]).map(({ share }) => share);
  const tags = [1, 2].map((n) => ['p', tradeKey(n)]);
  await come(event(1, { tags }), first);
  await schedule.advance(LOOKED_MS);
  expect(pushes().toSorted()).toEqual(['phone 1', 'phone 2']);
});

test('a forged event that no owner acts on wakes nobody, and is counted', async () => {
  const { come, event, pushes, schedule, servers } = await fleetScene();
  const [, second] = servers as Two;
  await come({ ...event(1), sig: FORGED }, second);
  await schedule.advance(LOOKED_MS);
  expect(pushes()).toEqual([]);
  expect(second.telemetry.total('events_rejected', 'forged')).toBe(1);
});
