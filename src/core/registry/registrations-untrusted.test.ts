import { expect, test } from 'vitest';

import { fcmTarget, LIFETIME, tradeKey, liveRegistrations } from '../../../test/support/registrations.ts';

const KEY = tradeKey(1);

test('while the clock is not trusted a registration lives on, whatever the clock shows; it ends once the clock is trusted', async () => {
  let isTrusted = false;
  const { clock, registrations, telemetry } = liveRegistrations(100, () => isTrusted);
  await registrations.register(KEY, fcmTarget('phone'), 'android');
  clock.advance(10 * LIFETIME.maxAgeMs);
  await registrations.sweep();
  expect((await registrations.find(KEY))?.target).toEqual(fcmTarget('phone'));
  expect(telemetry.logged('registrations.kept')).toHaveLength(1);
  isTrusted = true;
  expect(await registrations.find(KEY)).toBeUndefined();
  await registrations.sweep();
  expect(registrations.counts().total).toBe(0);
});

test('while the clock is not trusted an owned registration stays owned', async () => {
  const { clock, registrations } = liveRegistrations(100, () => false);
  await registrations.register(KEY, fcmTarget('phone'), 'android', { signed: true });
  clock.advance(10 * LIFETIME.maxAgeMs);
  expect(await registrations.register(KEY, fcmTarget('eve'), 'android')).toBe('owned');
  expect(await registrations.unregister(KEY)).toBe(false);
  expect((await registrations.find(KEY))?.target).toEqual(fcmTarget('phone'));
});
