import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import type { RegistrationStore } from '../../src/core/registry/registration-store.ts';
import type { Registration } from '../../src/core/registry/registration.ts';
import { fcmTarget, LIFETIME, registrationAt, tradeKey } from '../support/registrations.ts';
import type { CreateRegistrationStore } from './registration-store.contract.ts';

const NOW = Date.UTC(2026, 0, 1);
const THIEF = { target: fcmTarget('thief'), platform: 'ios' } as const;

/** A signed registration of the n-th key, made `later` milliseconds after `NOW`. */
function owned(n: number, later = 0, parts: Partial<Registration> = {}): Registration {
  return registrationAt(NOW + later, { tradePubkey: tradeKey(n), signed: true, ...parts });
}

function unsigned(n: number, later = 0, parts: Partial<Registration> = {}): Registration {
  return owned(n, later, { signed: false, ...parts });
}

/** What every store promises about owned registrations (contract 1.3). */
export function registrationOwnershipContract(name: string, create: CreateRegistrationStore): void {
  async function fill(capacity: number, registrations: readonly Registration[]): Promise<RegistrationStore> {
    const store = await create({ capacity });
    for (const registration of registrations) expect(await store.put(registration)).toBe('stored');
    return store;
  }

  const storeOf = (...registrations: Registration[]): Promise<RegistrationStore> => fill(100, registrations);
  const fullStoreOf = (...registrations: Registration[]): Promise<RegistrationStore> =>
    fill(registrations.length, registrations);

  test(`${name}: an owned registration is not replaced by an unsigned one`, async () => {
    const store = await storeOf(owned(1));
    expect(await store.put(unsigned(1, 5, THIEF))).toBe('owned');
    expect(await store.find(tradeKey(1))).toEqual(owned(1));
    expect(store.counts()).toMatchObject({ total: 1, android: 1, ios: 0 });
    expect(await store.evict(THIEF.target)).toBe(0);
  });

  test(`${name}: an owned registration is replaced by one that its key has signed`, async () => {
    const store = await storeOf(owned(1), owned(1, 5, THIEF));
    expect(await store.find(tradeKey(1))).toEqual(owned(1, 5, THIEF));
  });

  test(`${name}: an owned registration is not removed by an unsigned request, and that is told as of a key that is not there`, async () => {
    const store = await storeOf(owned(1));
    const request = { signed: false, now: NOW + 5 };
    const answers = await Promise.all([1, 2].map((n) => store.remove(tradeKey(n), request)));
    expect(answers).toEqual([false, false]);
    expect(await store.find(tradeKey(1))).toEqual(owned(1));
  });

  test(`${name}: an owned registration is removed by a request that its key has signed`, async () => {
    const store = await storeOf(owned(1));
    expect(await store.remove(tradeKey(1), { signed: true, now: NOW + 5 })).toBe(true);
    expect(await store.find(tradeKey(1))).toBeUndefined();
  });

  test(`${name}: an owned registration is owned until it expires, and no longer`, async () => {
    const store = await storeOf(owned(1), owned(2));
    const last = LIFETIME.ttlMs - 1;
    expect(await store.put(unsigned(1, last))).toBe('owned');
    expect(await store.remove(tradeKey(2), { signed: false, now: NOW + last })).toBe(false);
    expect(await store.put(unsigned(1, last + 1))).toBe('stored');
    await store.remove(tradeKey(2), { signed: false, now: NOW + last + 1 });
    expect(await store.find(tradeKey(2))).toBeUndefined();
  });

  test(`${name}: an owned registration stays owned for as long as wakes renew it`, async () => {
    const store = await storeOf(owned(1));
    await store.renew(tradeKey(1), owned(1).target, LIFETIME, NOW + LIFETIME.ttlMs - 1);
    expect(await store.put(unsigned(1, LIFETIME.ttlMs))).toBe('owned');
  });

  test(`${name}: an owned registration takes over an unsigned one`, async () => {
    const store = await storeOf(unsigned(1, 0, THIEF), owned(1, 5));
    expect(await store.find(tradeKey(1))).toEqual(owned(1, 5));
    expect(await store.put(unsigned(1, 6, THIEF))).toBe('owned');
  });

  test(`${name}: an owned registration ends with its device`, async () => {
    const store = await storeOf(owned(1));
    await store.evict(owned(1).target);
    expect(await store.put(unsigned(1, 5))).toBe('stored');
  });

  test(`${name}: an owned registration gives way to no new key in a full store`, async () => {
    const store = await fullStoreOf(owned(1), owned(2));
    expect(await store.put(unsigned(3, 11 * MINUTE_MS))).toBe('full');
  });

  test.each([
    [10 * MINUTE_MS, 'full', 'full'],
    [10 * MINUTE_MS + 1, 'owned', 'displaced'],
  ])(
    `${name}: in a full store an owned key is taken or refused as a new one, after %d ms`,
    async (later, forOwned, forNew) => {
      const store = await fullStoreOf(unsigned(1), owned(2));
      const now = NOW + later;
      const admitted = [2, 3].map((n) => store.admits(tradeKey(n), { signed: false, now }));
      expect(admitted).toEqual([forOwned === 'owned', forNew === 'displaced']);
      expect([1, 2].map((n) => store.admits(tradeKey(n), { signed: n === 2, now }))).toEqual([true, true]);
      expect(await store.put(unsigned(2, later, THIEF))).toBe(forOwned);
      expect(await store.find(tradeKey(1))).toEqual(unsigned(1));
      expect(await store.find(tradeKey(2))).toEqual(owned(2));
      expect(await store.put(unsigned(3, later))).toBe(forNew);
    },
  );

  test(`${name}: in a full store a signed registration takes over an unsigned one`, async () => {
    const store = await fullStoreOf(unsigned(1), unsigned(2));
    expect(await store.put(owned(1, 5))).toBe('stored');
  });
}
