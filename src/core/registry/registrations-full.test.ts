import { describe, expect, test } from 'vitest';

import { fcmTarget, tradeKey, liveRegistrations } from '../../../test/support/registrations.ts';
import { HOUR_MS, MINUTE_MS } from '../basics/clock.ts';
import type { Registrations } from './registrations.ts';

const KEY = tradeKey(1);
const PHONE = fcmTarget('phone');

/** Whether the key is in the store, expired or not. */
function contains(registrations: Registrations, key: string): boolean {
  return registrations.mayContainAt(Buffer.from(key), 0);
}

describe('a full store', () => {
  test('refuses a new key, and says so in the log', async () => {
    const { registrations, telemetry } = liveRegistrations(1);
    await registrations.register(KEY, PHONE, 'android');
    expect(await registrations.register(tradeKey(2), PHONE, 'android')).toBe('full');
    expect(telemetry.logged('registration.refused')).toHaveLength(1);
  });

  test('displaces an old registration that was never woken, and counts that', async () => {
    const { registrations, clock, telemetry } = liveRegistrations(1);
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(10 * MINUTE_MS + 1);
    expect(await registrations.register(tradeKey(2), PHONE, 'android')).toBe('displaced');
    expect(telemetry.total('registrations_displaced')).toBe(1);
  });

  test('is swept before a live registration is displaced by a new key', async () => {
    const { registrations, clock, telemetry } = liveRegistrations(2);
    await registrations.register(KEY, PHONE, 'android');
    await registrations.renew(PHONE, [KEY]);
    clock.advance(47 * HOUR_MS);
    await registrations.register(tradeKey(2), PHONE, 'android');
    clock.advance(HOUR_MS);
    expect(await registrations.register(tradeKey(3), PHONE, 'android')).toBe('stored');
    expect([1, 2, 3].map((n) => contains(registrations, tradeKey(n)))).toEqual([false, true, true]);
    expect(telemetry.total('registrations_displaced')).toBe(0);
  });

  test('is swept by a registration, and a store with room is not', async () => {
    const { registrations, clock, telemetry } = liveRegistrations(2);
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(48 * HOUR_MS);
    await registrations.register(tradeKey(2), PHONE, 'android');
    expect(telemetry.logged('registrations.swept')).toEqual([]);
  });

  test('keeps a key that was woken and then registered again', async () => {
    const { registrations, clock } = liveRegistrations(1);
    await registrations.register(KEY, PHONE, 'android');
    await registrations.renew(PHONE, [KEY]);
    await registrations.register(KEY, fcmTarget('new phone'), 'android');
    clock.advance(10 * MINUTE_MS + 1);
    expect(await registrations.register(tradeKey(2), PHONE, 'android')).toBe('full');
    expect(await registrations.find(KEY)).toMatchObject({ target: fcmTarget('new phone'), woken: true });
  });

  test('is swept once for keys that register at the same time, before one of them displaces a live registration', async () => {
    const { registrations, clock, telemetry } = liveRegistrations(5000);
    for (let n = 1; n <= 5000; n++) {
      const key = tradeKey(n);
      await registrations.register(key, PHONE, 'android');
      if (n <= 4999) await registrations.renew(PHONE, [key]);
      // The last registration was never woken. It is alive when all the others have expired.
      if (n === 4999) clock.advance(47 * HOUR_MS);
    }
    clock.advance(HOUR_MS);
    const both = [tradeKey(5001), tradeKey(5002)].map((key) => registrations.register(key, PHONE, 'android'));
    expect(await Promise.all(both)).toEqual(['stored', 'stored']);
    expect(contains(registrations, tradeKey(5000))).toBe(true);
    expect(telemetry.logged('registrations.swept')).toHaveLength(1);
  });

  test('is swept for expired registrations before it refuses a key', async () => {
    const { registrations, clock } = liveRegistrations(1);
    await registrations.register(KEY, PHONE, 'android');
    await registrations.renew(PHONE, [KEY]);
    clock.advance(48 * HOUR_MS);
    expect(await registrations.register(tradeKey(2), PHONE, 'android')).toBe('stored');
    expect(registrations.counts().total).toBe(1);
  });

  test('is swept at most once a minute, however many keys register', async () => {
    const { registrations, clock, telemetry } = liveRegistrations(1);
    await registrations.register(KEY, PHONE, 'android');
    await registrations.renew(PHONE, [KEY]);
    clock.advance(MINUTE_MS);
    for (const n of [2, 3, 4]) await registrations.register(tradeKey(n), PHONE, 'android');
    clock.advance(MINUTE_MS);
    await registrations.register(tradeKey(5), PHONE, 'android');
    expect(telemetry.logged('registrations.swept')).toHaveLength(2);
  });
});
