import { expect, test } from 'vitest';

import { eventId } from '../../../test/support/events.ts';
import { recoveringAdmission, type RecoveringAdmission } from '../../../test/support/recovering-admission.ts';
import { settled } from '../../../test/support/settled.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import type { RecoveryIntake } from './event-intake.ts';
import type { WakeEnd } from '../lanes/wake.ts';

const DELIVERED: WakeEnd = 'sent';
const RETRY: WakeEnd = 'dropped';

/** Ends the n-th wake. */
async function finish({ pushes }: RecoveringAdmission, n: number, delivery: WakeEnd): Promise<void> {
  pushes.all[n]?.finish(delivery);
  await settled();
}

async function end(recovery: RecoveryIntake): Promise<void> {
  recovery.end(true);
  await settled();
}

/** A recovery that has woken the phone with event 1, and absorbed event 2. */
async function setUp(): Promise<RecoveringAdmission & { recovery: RecoveryIntake }> {
  const parts = await recoveringAdmission();
  const recovery = parts.admission.beginRecovery();
  await parts.admit(1, recovery);
  await finish(parts, 0, DELIVERED);
  await parts.admit(2, recovery, [2]);
  return { ...parts, recovery };
}

test('a recovery wakes a device once, whatever the number of its events and keys, after what is live', async () => {
  const { admit, pushes, recovery, telemetry } = await setUp();
  const verdicts = [await admit(3, recovery), await admit(4, recovery)];
  expect(pushes.all).toMatchObject([{ wake: { target: fcmTarget('phone'), priority: 'recovered' } }]);
  expect(telemetry.total('events_absorbed')).toBe(3);
  expect(verdicts).toEqual(['admitted', 'admitted']);
});

test('a recovery wakes a device once even when all of its events come at once', async () => {
  const { admission, admit, pushes } = await recoveringAdmission();
  const recovery = admission.beginRecovery();
  await Promise.all([1, 2, 3].map((n) => admit(n, recovery)));
  expect(pushes.count).toBe(1);
});

test('a recovery wakes another device of an event whose first one it has woken', async () => {
  const { admit, pushes, recovery } = await setUp();
  await admit(3, recovery, [1, 3]);
  expect(pushes.all.map(({ wake }) => wake.target)).toEqual([fcmTarget('phone'), fcmTarget('other')]);
});

test('a recovery wakes again, live, a device whose wake went before an event that woke another device too', async () => {
  const parts = await setUp();
  await parts.admit(3, parts.recovery, [1, 3]);
  await finish(parts, 1, DELIVERED);
  expect(await parts.admit(3, 'live', [1, 3])).toBe('admitted');
});

test('a recovery wakes a device that another recovery has woken', async () => {
  const { admission, admit, pushes } = await setUp();
  await admit(3, admission.beginRecovery());
  expect(pushes.count).toBe(2);
});

test('an event that a recovery has absorbed does not count as seen while the recovery lasts: a live copy wakes', async () => {
  const { admit, pushes, seen } = await setUp();
  expect(seen.knows(eventId(2))).toBe(false);
  expect(await admit(2, 'live', [2])).toBe('admitted');
  expect(pushes.all[1]).toMatchObject({ wake: { target: fcmTarget('phone'), priority: 'live' } });
});

test('an event that a recovery has absorbed is a duplicate when a page gives it again, and costs no verification', async () => {
  const { admit, recovery, telemetry } = await setUp();
  const verified = telemetry.total('events_verified');
  expect(await admit(2, recovery, [2])).toBe('duplicate');
  expect(telemetry.total('events_verified')).toBe(verified);
});

test('an event that a recovery has absorbed counts as seen after the end of the recovery: no later copy wakes', async () => {
  const { admit, pushes, recovery, seen } = await setUp();
  await end(recovery);
  expect(await seen.reserve(eventId(2))).toBe('seen');
  expect(await admit(2, 'live', [2])).toBe('duplicate');
  expect(pushes.count).toBe(1);
});

test('an event that a recovery has absorbed is not committed at the end when its live copy is still under way', async () => {
  const parts = await setUp();
  await parts.admit(2, 'live', [2]);
  await end(parts.recovery);
  expect(await parts.seen.reserve(eventId(2))).toBe('pending');
  await finish(parts, 1, RETRY);
  expect(await parts.admit(2, 'live', [2])).toBe('admitted');
});

test('an event that a recovery has absorbed is tried again from a further copy when the wake of its live copy failed', async () => {
  const parts = await setUp();
  await parts.admit(2, 'live', [2]);
  await finish(parts, 1, RETRY);
  await end(parts.recovery);
  expect(await parts.admit(2, 'live', [2])).toBe('admitted');
});

test('a wake of a recovery that fails lets the next event of the device try', async () => {
  const parts = await recoveringAdmission();
  const recovery = parts.admission.beginRecovery();
  await parts.admit(1, recovery);
  await finish(parts, 0, RETRY);
  await parts.admit(2, recovery);
  expect(parts.pushes.count).toBe(2);
});

test('a wake of a recovery that fails releases its event: a further copy wakes', async () => {
  const parts = await recoveringAdmission();
  const recovery = parts.admission.beginRecovery();
  await parts.admit(1, recovery);
  await finish(parts, 0, RETRY);
  expect(parts.seen.knows(eventId(1))).toBe(false);
  expect(await parts.admit(1, recovery)).toBe('admitted');
  expect(parts.pushes.count).toBe(2);
});

test('a wake of a recovery that fails commits nothing that it absorbed: a copy wakes after the end of the recovery', async () => {
  const parts = await recoveringAdmission();
  const recovery = parts.admission.beginRecovery();
  await parts.admit(1, recovery);
  await parts.admit(2, recovery);
  await finish(parts, 0, RETRY);
  await end(recovery);
  expect(await parts.admit(2, 'live')).toBe('admitted');
  expect(parts.pushes.count).toBe(2);
});

test('a wake of a recovery that fails gives back at once what it absorbed: a recovery from another relay may wake for it', async () => {
  const parts = await recoveringAdmission();
  const [one, other] = [parts.admission.beginRecovery(), parts.admission.beginRecovery()];
  await parts.admit(1, one);
  await parts.admit(2, one);
  await finish(parts, 0, RETRY);
  expect(await parts.admit(2, other)).toBe('admitted');
});
