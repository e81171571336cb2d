import { expect, test } from 'vitest';

import { admissionWithOneKey, frameOf, FORGED } from '../../../test/support/admission.ts';
import { eventId } from '../../../test/support/events.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { MINUTE_MS } from '../basics/clock.ts';

/** One registered key, and a relay that has handed in this many forgeries for the key. */
async function flooded(forgeries: number) {
  const scene = await admissionWithOneKey();
  const { admission, event, verified } = scene;
  for (let n = 0; n < forgeries; n++)
    await admission.admit(frameOf(event({ id: eventId(n), sig: FORGED })), 'live');
  const genuine = () => frameOf(event());
  const verifiedBefore = verified.length;
  return { ...scene, genuine, verifiedBefore };
}

test('events for a key that a relay has handed in 20 forgeries for are dropped unverified, and counted', async () => {
  const { admission, genuine, telemetry, verified, woken } = await flooded(500);
  expect(await admission.admit(genuine(), 'live')).toBe('unverified');
  expect([verified.length, woken.count]).toEqual([20, 0]);
  expect([
    telemetry.total('events_rejected', 'forged'),
    telemetry.total('events_rejected', 'unverified'),
  ]).toEqual([20, 481]);
});

test('events for a key that a relay has handed in 20 forgeries for are verified and wake when another relay delivers them', async () => {
  const { anotherDoor, genuine, woken } = await flooded(500);
  expect(await anotherDoor().admit(genuine(), 'live')).toBe('admitted');
  expect(woken.count).toBe(1);
});

test('events for a key that a relay has handed in 20 forgeries for wake again after a minute, also those that were dropped: nothing was remembered of them', async () => {
  const { admission, clock, genuine, woken } = await flooded(21);
  await admission.admit(genuine(), 'live');
  clock.advance(MINUTE_MS);
  expect(await admission.admit(genuine(), 'live')).toBe('admitted');
  expect(woken.count).toBe(1);
});

test('events for a key that a relay has handed in 20 forgeries for that come all at once cost 20 verifications and no more', async () => {
  const { admission, event, verified } = await flooded(0);
  const offers = Array.from({ length: 100 }, async (_, n) =>
    admission.admit(frameOf(event({ id: eventId(n), sig: FORGED })), 'live'),
  );
  await Promise.all(offers);
  expect(verified).toHaveLength(20);
});

test('events for a key that a relay has handed in 20 forgeries for are verified where they name another registered key too, which is charged as well', async () => {
  const { admission, event, registrations, verified, verifiedBefore, woken } = await flooded(500);
  await registrations.register(tradeKey(2), { type: 'fcm', token: 'other' }, 'android');
  const tags = [
    ['p', tradeKey(1)],
    ['p', tradeKey(2)],
  ];
  await admission.admit(frameOf(event({ tags })), 'live');
  expect([verified.length - verifiedBefore, woken.count]).toEqual([1, 1]);
});

test('a relay pays for the time that verifications take, genuine or not', async () => {
  const { account, admission, event, unhurried } = await flooded(0);
  const waits: number[] = [];
  account.onOverdrawn = (waitMs) => waits.push(waitMs);
  unhurried.verifyMs = 1000;
  for (let n = 0; n < 10; n++) await admission.admit(frameOf(event({ id: eventId(n) })), 'live');
  // Each verification leaves half a second unearned. Three of them are within the burst.
  expect(waits).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000]);
});

test('a genuine event is charged to no key', async () => {
  const { admission, event, woken } = await flooded(19);
  for (let n = 100; n < 130; n++) await admission.admit(frameOf(event({ id: eventId(n) })), 'live');
  expect(woken.count).toBe(30);
});
