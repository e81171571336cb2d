import { expect, test } from 'vitest';

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
