import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { fcmTarget, LIFETIME, tradeKey } from '../../test/support/registrations.ts';
import { MemoryRegistrations } from '../store/memory-registrations.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './clock.ts';
import { Registrations } from './registrations.ts';

const KEY = tradeKey(1);
const PHONE = fcmTarget('phone');

function setUp(capacity = 10): { registrations: Registrations; clock: FakeClock; telemetry: FakeTelemetry } {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const store = new MemoryRegistrations({ capacity });
  const registrations = new Registrations({ store, lifetime: LIFETIME, clock: clock.read, telemetry });
  return { registrations, clock, telemetry };
}

describe('a registration', () => {
  test('points the key at its device from now on for the time to live', async () => {
    const { registrations, clock } = setUp();
    expect(await registrations.register(KEY, PHONE)).toBe('stored');
    expect(registrations.mayHold(KEY)).toBe(true);
    expect(await registrations.find(KEY)).toEqual({
      tradePubkey: KEY,
      target: PHONE,
      registeredAt: clock.now,
      expiresAt: clock.now + 48 * HOUR_MS,
      woken: false,
    });
  });

  test('is there until the last millisecond of its time to live and not after', async () => {
    const { registrations, clock } = setUp();
    await registrations.register(KEY, PHONE);
    clock.advance(48 * HOUR_MS - 1);
    const before = await registrations.find(KEY);
    clock.advance(1);
    expect([before?.target, await registrations.find(KEY)]).toEqual([PHONE, undefined]);
  });

  test('of a known key replaces its device and starts its time to live again', async () => {
    const { registrations, clock } = setUp();
    await registrations.register(KEY, PHONE);
    clock.advance(40 * HOUR_MS);
    await registrations.register(KEY, fcmTarget('new phone'));
    clock.advance(40 * HOUR_MS);
    expect((await registrations.find(KEY))?.target).toEqual(fcmTarget('new phone'));
    expect(registrations.counts().total).toBe(1);
  });

  test('lives on from each delivered wake, for 30 days at the most', async () => {
    const { registrations, clock } = setUp();
    await registrations.register(KEY, PHONE);
    const end = clock.now + 30 * DAY_MS;
    for (let day = 1; day < 30; day++) {
      clock.advance(DAY_MS);
      await registrations.renew(KEY, PHONE);
    }
    expect((await registrations.find(KEY))?.expiresAt).toBe(end);
  });

  test('is not renewed by a wake of the device that it pointed at before', async () => {
    const { registrations, clock } = setUp();
    await registrations.register(KEY, PHONE);
    clock.advance(HOUR_MS);
    await registrations.renew(KEY, fcmTarget('former phone'));
    expect((await registrations.find(KEY))?.expiresAt).toBe(clock.now + 47 * HOUR_MS);
  });

  test('appears in the log as a pseudonym of its key', async () => {
    const { registrations, telemetry } = setUp();
    await registrations.register(KEY, PHONE);
    await registrations.unregister(KEY);
    expect(JSON.stringify(telemetry.lines)).not.toMatch(/phone|0001/);
    expect(telemetry.logged('registration.stored')).toEqual([{ key: 'pseudonym of 0000', provider: 'fcm' }]);
    expect(telemetry.logged('registration.removed')).toEqual([{ key: 'pseudonym of 0000' }]);
  });
});

describe('an unregistration', () => {
  test('removes the key, and says that it was there', async () => {
    const { registrations } = setUp();
    await registrations.register(KEY, PHONE);
    expect(await registrations.unregister(KEY)).toBe(true);
    expect(await registrations.find(KEY)).toBeUndefined();
  });

  test('of an unknown key says that it was not there', async () => {
    expect(await setUp().registrations.unregister(KEY)).toBe(false);
  });

  test('of an expired key says the same as of an unknown one, and removes it', async () => {
    const { registrations, clock } = setUp();
    await registrations.register(KEY, PHONE);
    clock.advance(48 * HOUR_MS);
    expect(await registrations.unregister(KEY)).toBe(false);
    expect(registrations.mayHold(KEY)).toBe(false);
  });
});

describe('a device that is gone', () => {
  test('takes all its keys with it, and only those', async () => {
    const { registrations, telemetry } = setUp();
    for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE);
    await registrations.register(tradeKey(3), fcmTarget('other'));
    await registrations.forget(PHONE);
    expect([1, 2, 3].map((n) => registrations.mayHold(tradeKey(n)))).toEqual([false, false, true]);
    expect(telemetry.total('registrations_forgotten')).toBe(2);
  });

  test('that nobody registered changes nothing and is not reported', async () => {
    const { registrations, telemetry } = setUp();
    await registrations.forget(PHONE);
    expect(telemetry.logged('device.forgotten')).toEqual([]);
  });
});

describe('a full store', () => {
  test('refuses, and says so in the log', async () => {
    const { registrations, telemetry } = setUp(1);
    await registrations.register(KEY, PHONE);
    expect(await registrations.register(tradeKey(2), PHONE)).toBe('full');
    expect(telemetry.logged('registration.refused')).toHaveLength(1);
  });

  test('lets an old one that was never woken give way, and counts that', async () => {
    const { registrations, clock, telemetry } = setUp(1);
    await registrations.register(KEY, PHONE);
    clock.advance(10 * MINUTE_MS + 1);
    expect(await registrations.register(tradeKey(2), PHONE)).toBe('displaced');
    expect(telemetry.total('registrations_displaced')).toBe(1);
  });

  test('is swept for expired ones before it refuses', async () => {
    const { registrations, clock } = setUp(1);
    await registrations.register(KEY, PHONE);
    await registrations.renew(KEY, PHONE);
    clock.advance(48 * HOUR_MS);
    expect(await registrations.register(tradeKey(2), PHONE)).toBe('stored');
    expect(registrations.counts().total).toBe(1);
  });

  test('is swept at most once a minute, however many come', async () => {
    const { registrations, clock, telemetry } = setUp(1);
    await registrations.register(KEY, PHONE);
    await registrations.renew(KEY, PHONE);
    clock.advance(MINUTE_MS);
    for (const n of [2, 3, 4]) await registrations.register(tradeKey(n), PHONE);
    clock.advance(MINUTE_MS);
    await registrations.register(tradeKey(5), PHONE);
    expect(telemetry.logged('registrations.swept')).toHaveLength(2);
  });
});

describe('a sweep', () => {
  test('removes what has expired, and counts it', async () => {
    const { registrations, clock, telemetry } = setUp();
    await registrations.register(KEY, PHONE);
    clock.advance(HOUR_MS);
    await registrations.register(tradeKey(2), PHONE);
    clock.advance(47 * HOUR_MS);
    await registrations.sweep();
    expect(registrations.counts()).toMatchObject({ total: 1 });
    expect(telemetry.total('registrations_expired')).toBe(1);
  });
});
