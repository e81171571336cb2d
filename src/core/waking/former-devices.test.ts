import { expect, test } from 'vitest';

import { fcmTarget, tradeKey, liveRegistrations } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { FormerDevices } from './former-devices.ts';
import type { OwedDevices, OwedWake } from './owed-devices.ts';
import { addressOf, type PushTarget } from '../registry/push-target.ts';
import type { WakeEnd } from '../lanes/wake.ts';

const OLD = fcmTarget('old');

/** Two keys that are owed a wake at one device, as it is on record. */
async function setUp(registeredWith: readonly string[]): Promise<{
  former: FormerDevices;
  paidDevices: string[];
  leave: () => (end: WakeEnd) => Promise<void>;
}> {
  const { registrations } = liveRegistrations();
  for (const [n, token] of registeredWith.entries())
    await registrations.register(tradeKey(n), fcmTarget(token), 'android');
  const paidDevices: string[] = [];
  const wake: OwedWake = { target: OLD, kind: 'silent_wake', keys: [tradeKey(0), tradeKey(1)] };
  const owed: OwedDevices = {
    owe: () => undefined,
    pay: (target) => paidDevices.push(addressOf(target)),
    find: (target: PushTarget) => (addressOf(target) === 'old' ? wake : undefined),
  };
  const former = new FormerDevices({ owed, registrations });
  const leave = (): ((end: WakeEnd) => Promise<void>) => {
    let end: ((how: WakeEnd) => void) | undefined;
    void former.note(OLD, new Promise((resolve) => (end = resolve)));
    return async (how) => {
      end?.(how);
      await settled();
    };
  };
  return { former, paidDevices, leave };
}

test('a device whose wakes have moved is owed nothing on record when the last of them has ended', async () => {
  const { leave, paidDevices } = await setUp(['new', 'other']);
  const [first, second] = [leave(), leave()];
  await second('sent');
  expect(paidDevices).toEqual([]);
  await first('owed');
  expect(paidDevices).toEqual(['old']);
});

test('a device stays on record if a wake that has moved was dropped: a restart tries again', async () => {
  const { leave, paidDevices } = await setUp(['new', 'other']);
  const [first, second] = [leave(), leave()];
  await first('dropped');
  await second('sent');
  expect(paidDevices).toEqual([]);
});

test('a device stays on record while one of the keys of its owed wake points at it', async () => {
  const { leave, paidDevices } = await setUp(['new', 'old']);
  await leave()('sent');
  expect(paidDevices).toEqual([]);
});
