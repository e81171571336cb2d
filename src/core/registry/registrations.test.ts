import { describe, expect, test } from 'vitest';

import { fcmTarget, tradeKey, liveRegistrations } from '../../../test/support/registrations.ts';
import { DAY_MS, HOUR_MS } from '../basics/clock.ts';
import type { PushTarget } from './push-target.ts';
import type { Registration } from './registration.ts';
import type { Registrations } from './registrations.ts';

const KEY = tradeKey(1);
const PHONE = fcmTarget('phone');

/** Whether the key is in the store, expired or not. */
function contains(registrations: Registrations, key: string): boolean {
  return registrations.mayContainAt(Buffer.from(key), 0);
}

describe('a registration', () => {
  test('points the key at its device from now on for the time to live', async () => {
    const { registrations, clock } = liveRegistrations();
    expect(await registrations.register(KEY, PHONE, 'android')).toBe('stored');
    expect(contains(registrations, KEY)).toBe(true);
    expect(await registrations.find(KEY)).toEqual({
      tradePubkey: KEY,
      target: PHONE,
      platform: 'android',
      registeredAt: clock.now,
      expiresAt: clock.now + 48 * HOUR_MS,
      woken: false,
      signed: false,
    });
  });

  test('is found until the last millisecond of its time to live, and not after', async () => {
    const { registrations, clock } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(48 * HOUR_MS - 1);
    const before = await registrations.find(KEY);
    clock.advance(1);
    expect([before?.target, await registrations.find(KEY)]).toEqual([PHONE, undefined]);
  });

  test('of a known key replaces its device and starts its time to live again', async () => {
    const { registrations, clock } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(40 * HOUR_MS);
    await registrations.register(KEY, fcmTarget('new phone'), 'android');
    clock.advance(40 * HOUR_MS);
    expect((await registrations.find(KEY))?.target).toEqual(fcmTarget('new phone'));
    expect(registrations.counts().total).toBe(1);
  });

  test('is told once it is kept, with the device that its key pointed at before, and not if it is refused', async () => {
    const kept: [Registration, PushTarget | undefined][] = [];
    let sweeps = 0;
    const { registrations } = liveRegistrations(1, () => true, {
      onKept: (registration, former) => kept.push([registration, former]),
      onSwept: () => sweeps++,
    });
    const other = fcmTarget('other');
    await registrations.register(KEY, PHONE, 'android', { signed: true, wakePolicy: 'slots' });
    for (const target of [PHONE, other]) await registrations.register(KEY, target, 'ios', { signed: true });
    expect(await registrations.register(tradeKey(2), PHONE, 'android')).toBe('full');
    await registrations.register(KEY, PHONE, 'android');
    expect(kept).toMatchObject([
      [{ target: PHONE, platform: 'android', wakePolicy: 'slots' }, undefined],
      [{ target: PHONE, platform: 'ios' }, undefined],
      [{ target: other }, PHONE],
    ]);
    await registrations.sweep();
    expect(sweeps).toBe(1);
  });

  test('lives on from each delivered wake, for 30 days at the most', async () => {
    const { registrations, clock } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    const end = clock.now + 30 * DAY_MS;
    for (let day = 1; day < 30; day++) {
      clock.advance(DAY_MS);
      await registrations.renew(PHONE, [KEY]);
    }
    expect((await registrations.find(KEY))?.expiresAt).toBe(end);
  });

  test('is not renewed by a wake of the device that it pointed at before', async () => {
    const { registrations, clock } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(HOUR_MS);
    await registrations.renew(fcmTarget('former phone'), [KEY]);
    expect((await registrations.find(KEY))?.expiresAt).toBe(clock.now + 47 * HOUR_MS);
  });

  test('appears in the log as a pseudonym of its key', async () => {
    const { registrations, telemetry } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    await registrations.unregister(KEY);
    expect(JSON.stringify(telemetry.lines)).not.toMatch(/phone|0001/);
    expect(telemetry.logged('registration.stored')).toEqual([{ key: 'pseudonym of 0000', provider: 'fcm' }]);
    expect(telemetry.logged('registration.removed')).toEqual([{ key: 'pseudonym of 0000' }]);
  });
});

describe('an unregistration', () => {
  test('removes the key, and says that it was there', async () => {
    const { registrations } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    expect(await registrations.unregister(KEY)).toBe(true);
    expect(await registrations.find(KEY)).toBeUndefined();
  });

  test('of an unknown key says that it was not there', async () => {
    expect(await liveRegistrations().registrations.unregister(KEY)).toBe(false);
  });

  test('of an expired key answers as for an unknown key, and removes the expired one', async () => {
    const { registrations, clock } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(48 * HOUR_MS);
    expect(await registrations.unregister(KEY)).toBe(false);
    expect(contains(registrations, KEY)).toBe(false);
  });
});

describe('a device that is gone', () => {
  test('is told of when one of its keys is unregistered or displaced, or it is evicted, and not when a key expires', async () => {
    const removed: PushTarget[] = [];
    const { registrations, clock } = liveRegistrations(9, () => true, {
      onRemoved: (device) => void removed.push(device),
    });
    await registrations.register(KEY, PHONE, 'android');
    await registrations.unregister(KEY);
    await registrations.unregister(KEY);
    expect(removed).toEqual([PHONE]);
    await registrations.evict(fcmTarget('unknown'));
    expect(removed).toEqual([PHONE, fcmTarget('unknown')]);
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(49 * HOUR_MS);
    await registrations.sweep();
    expect(removed).toHaveLength(2);
    for (let n = 0; n < 10; n++) {
      clock.advance(HOUR_MS);
      await registrations.register(tradeKey(10 + n), fcmTarget(`${n}`), 'android');
    }
    expect(removed.slice(2)).toEqual([fcmTarget('0')]);
  });

  test('is evicted with all its keys, and no others', async () => {
    const { registrations, telemetry } = liveRegistrations();
    for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
    await registrations.register(tradeKey(3), fcmTarget('other'), 'android');
    await registrations.evict(PHONE);
    expect([1, 2, 3].map((n) => contains(registrations, tradeKey(n)))).toEqual([false, false, true]);
    expect(telemetry.total('registrations_forgotten')).toBe(2);
  });

  test('that has no registration changes nothing and is not reported', async () => {
    const { registrations, telemetry } = liveRegistrations();
    await registrations.evict(PHONE);
    expect(telemetry.logged('device.forgotten')).toEqual([]);
  });
});

describe('a sweep', () => {
  test('removes what has expired, and counts it', async () => {
    const { registrations, clock, telemetry } = liveRegistrations();
    await registrations.register(KEY, PHONE, 'android');
    clock.advance(HOUR_MS);
    await registrations.register(tradeKey(2), PHONE, 'android');
    clock.advance(47 * HOUR_MS);
    await registrations.sweep();
    expect(registrations.counts()).toMatchObject({ total: 1 });
    expect(telemetry.total('registrations_expired')).toBe(1);
  });
});
