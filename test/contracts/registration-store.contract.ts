import { expect, test } from 'vitest';

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/core/basics/clock.ts';
import type { RegistrationStore } from '../../src/core/registry/registration-store.ts';
import type { PushTarget } from '../../src/core/registry/push-target.ts';
import type { Registration } from '../../src/core/registry/registration.ts';
import {
  fcmTarget,
  LIFETIME,
  registrationAt,
  tradeKey,
  unifiedPushTarget,
} from '../support/registrations.ts';

export type CreateRegistrationStore = (options: { capacity: number }) => Promise<RegistrationStore>;

const NOW = Date.UTC(2026, 0, 1);
const UNSIGNED = { signed: false, now: NOW };
const PHONE = fcmTarget('phone');

/** A registration of the n-th key, made `later` milliseconds after `NOW`. */
function nth(n: number, later = 0, parts: Partial<Registration> = {}): Registration {
  return registrationAt(NOW + later, { tradePubkey: tradeKey(n), ...parts });
}

/** What every `RegistrationStore` promises, apart from its capacity. */
export function registrationStoreContract(name: string, create: CreateRegistrationStore): void {
  async function storeOf(...registrations: readonly Registration[]): Promise<RegistrationStore> {
    const store = await create({ capacity: 100 });
    for (const registration of registrations) expect(await store.put(registration)).toBe('stored');
    return store;
  }

  test(`${name}: a key that was put is found as it was put`, async () => {
    const other = nth(2, 0, { target: unifiedPushTarget('x'), platform: 'ios', woken: true });
    const store = await storeOf(nth(1), other);
    expect(await store.find(tradeKey(1))).toEqual(nth(1));
    expect(await store.find(tradeKey(2))).toEqual(other);
    expect(store.mayContain(tradeKey(1))).toBe(true);
  });

  test.each([
    { instance: 1 },
    { instance: 32_767 },
    { isConversation: true },
    { instance: 7, isConversation: true, wakePolicy: 'heartbeat' as const },
    { wakePolicy: 'prompt' as const },
  ])(
    `${name}: a key that was put with %o is found with it, also once it was woken, and without it when it is put again without`,
    async (named) => {
      const store = await storeOf(nth(1, 0, named));
      await store.renew(tradeKey(1), PHONE, LIFETIME, NOW + 5);
      const woken = { woken: true, expiresAt: NOW + 5 + LIFETIME.ttlMs };
      expect(await store.find(tradeKey(1))).toEqual(nth(1, 0, { ...named, ...woken }));
      await store.put(nth(1, 10));
      expect(await store.find(tradeKey(1))).toEqual(nth(1, 10, { woken: true }));
    },
  );

  test(`${name}: a key that was not put is not found`, async () => {
    expect(await (await storeOf(nth(1))).find(tradeKey(2))).toBeUndefined();
  });

  test(`${name}: a key that is put again points at its new device alone`, async () => {
    const store = await storeOf(nth(1), nth(1, 5, { target: fcmTarget('new') }));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, 5, { target: fcmTarget('new') }));
    expect(await store.evict(PHONE)).toBe(0);
    expect(store.counts()).toMatchObject({ total: 1 });
  });

  test(`${name}: a key is found even when it has expired: time is the business of its user`, async () => {
    const store = await storeOf(nth(1, -99 * HOUR_MS));
    expect(await store.find(tradeKey(1))).toBeDefined();
  });

  test(`${name}: a key that is removed is gone, and was there`, async () => {
    const store = await storeOf(nth(1), nth(2));
    expect(await store.remove(tradeKey(1), UNSIGNED)).toBe(true);
    expect(await store.find(tradeKey(1))).toBeUndefined();
    expect(await store.find(tradeKey(2))).toBeDefined();
  });

  test(`${name}: a key that is removed after it has expired is gone, and was not there`, async () => {
    const store = await storeOf(nth(1), nth(2));
    const [before, at] = [LIFETIME.ttlMs - 1, LIFETIME.ttlMs].map((age) => ({
      signed: false,
      now: NOW + age,
    }));
    if (before === undefined || at === undefined) throw new Error('no times');
    expect([await store.remove(tradeKey(1), before), await store.remove(tradeKey(2), at)]).toEqual([
      true,
      false,
    ]);
    expect([await store.find(tradeKey(1)), await store.find(tradeKey(2))]).toEqual([undefined, undefined]);
  });

  test(`${name}: a key that is removed twice was there once`, async () => {
    const store = await storeOf(nth(1));
    expect([await store.remove(tradeKey(1), UNSIGNED), await store.remove(tradeKey(1), UNSIGNED)]).toEqual([
      true,
      false,
    ]);
  });

  test(`${name}: a removal names the device of the registration, and only a removal that removes one`, async () => {
    const store = await storeOf(nth(1), nth(2, 0, { signed: true }));
    const removed: PushTarget[] = [];
    const request = { ...UNSIGNED, onRemoved: (device: PushTarget) => void removed.push(device) };
    for (const n of [1, 2, 3]) await store.remove(tradeKey(n), request);
    expect(removed).toEqual([PHONE]);
    await store.remove(tradeKey(2), { ...request, signed: true, now: NOW + LIFETIME.ttlMs });
    expect(removed).toHaveLength(2);
  });

  test(`${name}: a renewal starts the time to live again and marks the key as woken`, async () => {
    const store = await storeOf(nth(1));
    await store.renew(tradeKey(1), PHONE, LIFETIME, NOW + HOUR_MS);
    const expiresAt = NOW + HOUR_MS + LIFETIME.ttlMs;
    expect(await store.find(tradeKey(1))).toEqual(nth(1, 0, { expiresAt, woken: true }));
  });

  test(`${name}: a renewal ends where the greatest age of a registration ends`, async () => {
    const store = await storeOf(nth(1));
    await store.renew(tradeKey(1), PHONE, LIFETIME, NOW + LIFETIME.maxAgeMs - 1);
    expect((await store.find(tradeKey(1)))?.expiresAt).toBe(NOW + LIFETIME.maxAgeMs);
  });

  test.each([
    ['of another device', fcmTarget('other')],
    ['of the same address at another push service', { ...unifiedPushTarget('x'), endpoint: 'phone' }],
  ])(`${name}: a renewal %s changes nothing`, async (_, target) => {
    const store = await storeOf(nth(1));
    await store.renew(tradeKey(1), target, LIFETIME, NOW + HOUR_MS);
    expect(await store.find(tradeKey(1))).toEqual(nth(1));
  });

  test(`${name}: a renewal by a clock that was set back ends the time to live no sooner than before`, async () => {
    const store = await storeOf(nth(1));
    await store.renew(tradeKey(1), PHONE, LIFETIME, NOW - HOUR_MS);
    expect((await store.find(tradeKey(1)))?.expiresAt).toBe(nth(1).expiresAt);
  });

  test(`${name}: a renewal of a key that is not held holds nothing`, async () => {
    const store = await storeOf();
    await store.renew(tradeKey(1), PHONE, LIFETIME, NOW);
    expect(await store.find(tradeKey(1))).toBeUndefined();
  });

  test(`${name}: a device that is evicted takes every key that points at it`, async () => {
    const store = await storeOf(nth(1), nth(2), nth(3, 0, { target: fcmTarget('other') }));
    expect(await store.evict(PHONE)).toBe(2);
    expect(await store.find(tradeKey(1))).toBeUndefined();
    expect(await store.find(tradeKey(3))).toBeDefined();
  });

  test(`${name}: a device that is evicted is one device, whatever platform its keys were registered for`, async () => {
    const store = await storeOf(nth(1), nth(2, 0, { platform: 'ios' }));
    expect(await store.evict(PHONE)).toBe(2);
    expect(store.counts()).toMatchObject({ total: 0, android: 0, ios: 0 });
  });

  test(`${name}: a device is evicted by an equal target, not only by the same object`, async () => {
    const store = await storeOf(nth(1));
    expect(await store.evict({ ...PHONE })).toBe(1);
  });

  test(`${name}: a device that is evicted has nothing to take when it is not known`, async () => {
    const store = await storeOf(nth(1));
    expect(await store.evict(fcmTarget('other'))).toBe(0);
  });

  test(`${name}: a device has the keys that point at it, of which no more are told than are asked for`, async () => {
    const store = await storeOf(nth(1), nth(2), nth(3, 0, { target: fcmTarget('other') }));
    expect(store.keysOf({ ...PHONE }, 9).toSorted()).toEqual([tradeKey(1), tradeKey(2)].toSorted());
    expect(store.keysOf(PHONE, 1)).toHaveLength(1);
    await store.put(nth(2, 1, { target: fcmTarget('other') }));
    await store.remove(tradeKey(1), UNSIGNED);
    expect([store.keysOf(PHONE, 9), store.keysOf(fcmTarget('other'), 9).length]).toEqual([[], 2]);
  });

  test(`${name}: every registration is among the entries, and those that ask for a wake policy are told apart`, async () => {
    const all = [nth(1, 7), nth(2, 5, { wakePolicy: 'slots' }), nth(3, 9, { target: fcmTarget('other') })];
    const store = await storeOf(...all);
    expect([...store.entries()]).toEqual(all);
    expect([...store.asking()]).toEqual([all[1]]);
    expect([store.newest(PHONE), store.newest(fcmTarget('unknown'))]).toEqual([all[0], undefined]);
    await store.put(nth(2, 8, { wakePolicy: 'slots' }));
    expect(store.newest(PHONE)).toEqual(nth(2, 8, { wakePolicy: 'slots' }));
    await store.remove(tradeKey(2), UNSIGNED);
    expect([[...store.asking()], store.newest(PHONE)]).toEqual([[], all[0]]);
  });

  test(`${name}: a device that is evicted can be registered again`, async () => {
    const store = await storeOf(nth(1));
    await store.evict(PHONE);
    await store.put(nth(1));
    expect(await store.evict(PHONE)).toBe(1);
  });

  test(`${name}: a sweep removes what has expired by now, and says how many`, async () => {
    const store = await storeOf(nth(1), nth(2, 1), nth(3, 2));
    expect(await store.sweep(NOW + 1 + LIFETIME.ttlMs)).toBe(2);
    const held = [1, 2, 3].map((n) => store.find(tradeKey(n)));
    expect((await Promise.all(held)).map((one) => one !== undefined)).toEqual([false, false, true]);
    expect(store.counts().total).toBe(1);
  });

  test(`${name}: a sweep spares what was renewed`, async () => {
    const store = await storeOf(nth(1));
    await store.renew(tradeKey(1), PHONE, LIFETIME, NOW + MINUTE_MS);
    expect(await store.sweep(NOW + LIFETIME.ttlMs)).toBe(0);
  });

  test(`${name}: a clock that is set right moves the times of what was registered while it was wrong, and of nothing else`, async () => {
    // Clients have a network, by which a server of a fleet tells its own registrations from those of others.
    const from = { network: 1 };
    const store = await storeOf(nth(1, 0, from), nth(2, 1, from), nth(3, 2, from));
    const correction = { since: nth(2, 1).registeredAt, until: nth(2, 1).registeredAt, byMs: 400 * DAY_MS };
    expect(await store.correct(correction)).toBe(1);
    const { registeredAt, expiresAt } = nth(2, 1);
    expect(await store.find(tradeKey(2))).toEqual(
      nth(2, 1, { ...from, registeredAt: registeredAt + 400 * DAY_MS, expiresAt: expiresAt + 400 * DAY_MS }),
    );
    for (const n of [1, 3]) expect(await store.find(tradeKey(n))).toEqual(nth(n, n - 1, from));
  });

  test(`${name}: the counts are zero to begin with`, async () => {
    expect((await storeOf()).counts()).toMatchObject({ total: 0, android: 0, ios: 0 });
  });

  test(`${name}: the counts are by platform and follow every change`, async () => {
    const ios = { target: fcmTarget('apple'), platform: 'ios' } as const;
    const store = await storeOf(nth(1), nth(2), nth(3, 0, ios));
    const before = store.counts();
    await store.put(nth(1, 0, ios));
    await store.renew(tradeKey(1), ios.target, LIFETIME, NOW);
    await store.remove(tradeKey(2), UNSIGNED);
    expect(before).toMatchObject({ total: 3, android: 2, ios: 1 });
    expect(store.counts()).toMatchObject({ total: 2, android: 0, ios: 2 });
  });
}
