import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import type { PushTarget } from '../../src/core/registry/push-target.ts';
import type { RegistrationStore } from '../../src/core/registry/registration-store.ts';
import type { Registration } from '../../src/core/registry/registration.ts';
import { fcmTarget, LIFETIME, registrationAt, tradeKey } from '../support/registrations.ts';
import type { CreateRegistrationStore } from './registration-store.contract.ts';

const NOW = Date.UTC(2026, 0, 1);
const UNSIGNED = { signed: false, now: NOW };
const OLD_ENOUGH = 10 * MINUTE_MS + 1;

/** A registration of the n-th key on its own device, made `later` milliseconds after `NOW`. */
function nth(n: number, later = 0, parts: Partial<Registration> = {}): Registration {
  return registrationAt(NOW + later, { tradePubkey: tradeKey(n), target: fcmTarget(`phone ${n}`), ...parts });
}

/** The part of a registration that says from which network it came. */
function from(network: number, parts: Partial<Registration> = {}): Partial<Registration> {
  return { network, ...parts };
}

async function held(store: RegistrationStore, ...keys: readonly number[]): Promise<boolean[]> {
  return Promise.all(keys.map(async (n) => (await store.find(tradeKey(n))) !== undefined));
}

/** What every store of registrations promises at its capacity (contract 1.1). */
export function registrationCapacityContract(name: string, create: CreateRegistrationStore): void {
  async function fullStoreOf(...registrations: readonly Registration[]): Promise<RegistrationStore> {
    const store = await create({ capacity: registrations.length });
    for (const registration of registrations) expect(await store.put(registration)).toBe('stored');
    return store;
  }

  test(`${name}: a full store says that it is full, and no longer once a key has left`, async () => {
    const store = await fullStoreOf(nth(1), nth(2));
    expect(store.isFull()).toBe(true);
    await store.remove(tradeKey(1), UNSIGNED);
    expect(store.isFull()).toBe(false);
  });

  test(`${name}: a full store takes a known key again`, async () => {
    const store = await fullStoreOf(nth(1), nth(2));
    expect(await store.put(nth(1, 5))).toBe('stored');
    expect(store.counts().total).toBe(2);
  });

  test(`${name}: a full store lets the oldest give way that was never woken and is over ten minutes old`, async () => {
    const store = await fullStoreOf(nth(1), nth(2, 1), nth(3, 2));
    expect(await store.put(nth(4, OLD_ENOUGH))).toBe('displaced');
    expect(await held(store, 1, 2, 3, 4)).toEqual([false, true, true, true]);
    expect(store.counts()).toMatchObject({ total: 3, android: 3 });
  });

  test(`${name}: a full store names the device of the registration that gives way, and no other`, async () => {
    const store = await fullStoreOf(nth(1), nth(2, 1));
    const displaced: PushTarget[] = [];
    const note = (device: PushTarget): void => void displaced.push(device);
    await store.put(nth(1, 2), note);
    expect(displaced).toEqual([]);
    await store.put(nth(3, OLD_ENOUGH + 1), note);
    expect(displaced).toEqual([fcmTarget('phone 2')]);
  });

  test(`${name}: a full store lets none give way that is ten minutes old and not more`, async () => {
    const store = await fullStoreOf(nth(1), nth(2));
    expect(await store.put(nth(3, OLD_ENOUGH - 1))).toBe('full');
  });

  test(`${name}: a full store lets none give way that was woken`, async () => {
    const store = await fullStoreOf(nth(1), nth(2, 1));
    await store.renew(tradeKey(1), fcmTarget('phone 1'), LIFETIME, NOW);
    expect(await store.put(nth(3, OLD_ENOUGH + 1))).toBe('displaced');
    expect(await held(store, 1, 2, 3)).toEqual([true, false, true]);
  });

  test(`${name}: a full store lets none give way that was put as woken`, async () => {
    const store = await fullStoreOf(nth(1, 0, { woken: true }));
    expect(await store.put(nth(2, OLD_ENOUGH))).toBe('full');
  });

  test.each([
    ['its device', 'phone 1'],
    ['another device', 'new phone'],
  ])(
    `${name}: a full store lets none give way that was woken and then put again for %s`,
    async (_, token) => {
      const store = await fullStoreOf(nth(1));
      await store.renew(tradeKey(1), fcmTarget('phone 1'), LIFETIME, NOW);
      const again = nth(1, 1, { target: fcmTarget(token) });
      await store.put(again);
      expect(await store.find(tradeKey(1))).toEqual({ ...again, woken: true });
      expect(await store.put(nth(2, OLD_ENOUGH + 1))).toBe('full');
    },
  );

  test(`${name}: a full store lets a key give way that was woken, removed and put again: it is a new one`, async () => {
    const store = await fullStoreOf(nth(1));
    await store.renew(tradeKey(1), fcmTarget('phone 1'), LIFETIME, NOW);
    await store.remove(tradeKey(1), UNSIGNED);
    await store.put(nth(1, 1));
    expect(await store.put(nth(2, OLD_ENOUGH + 1))).toBe('displaced');
  });

  test(`${name}: a full store counts the age of a key from its last registration`, async () => {
    const store = await fullStoreOf(nth(1), nth(2, 1));
    await store.put(nth(1, 2));
    await store.put(nth(3, OLD_ENOUGH + 2));
    expect(await held(store, 1, 2, 3)).toEqual([true, false, true]);
  });

  test(`${name}: a full store changes nothing when it refuses`, async () => {
    const store = await fullStoreOf(nth(1), nth(2));
    expect(await store.put(nth(3, 5))).toBe('full');
    expect(await held(store, 1, 2, 3)).toEqual([true, true, false]);
    expect(await store.find(tradeKey(1))).toEqual(nth(1));
    expect(store.counts().total).toBe(2);
    expect(await store.evict(fcmTarget('phone 3'))).toBe(0);
  });

  test.each([
    ['removed', async (store: RegistrationStore) => store.remove(tradeKey(1), UNSIGNED)],
    ['evicted', async (store: RegistrationStore) => store.evict(fcmTarget('phone 1'))],
    ['swept', async (store: RegistrationStore) => store.sweep(NOW + LIFETIME.ttlMs)],
  ])(`${name}: a full store has room again when one has been %s`, async (_, free) => {
    const store = await fullStoreOf(nth(1), nth(2, 5));
    await free(store);
    expect(await store.put(nth(3, 5))).toBe('stored');
  });

  test(`${name}: a full store that several networks have filled lets the oldest of the network that holds the most give way, and not the oldest of all`, async () => {
    const store = await fullStoreOf(nth(1, 0, from(1)), nth(2, 1, from(2)), nth(3, 2, from(2)));
    expect(await store.put(nth(4, OLD_ENOUGH + 2, from(3)))).toBe('displaced');
    expect(await held(store, 1, 2, 3, 4)).toEqual([true, false, true, true]);
  });

  test(`${name}: a full store that several networks have filled lets a flood displace itself, however long it goes on`, async () => {
    const store = await fullStoreOf(
      ...[1, 2].map((n) => nth(n, 0, from(n))),
      ...[3, 4, 5].map((n) => nth(n, 1, from(9))),
    );
    for (let n = 6; n < 30; n++) expect(await store.put(nth(n, n * OLD_ENOUGH, from(9)))).toBe('displaced');
    expect(await held(store, 1, 2)).toEqual([true, true]);
  });

  test(`${name}: a full store that several networks have filled refuses a flood whose own registrations are too young, where all others hold less than it`, async () => {
    const store = await fullStoreOf(nth(1, 0, from(1)), ...[2, 3].map((n) => nth(n, OLD_ENOUGH, from(9))));
    const newcomer = nth(4, OLD_ENOUGH, from(9));
    expect(
      store.admits(newcomer.tradePubkey, { signed: false, network: 9, now: newcomer.registeredAt }),
    ).toBe(false);
    expect(await store.put(newcomer)).toBe('full');
    expect(await store.put({ ...newcomer, network: 5 })).toBe('displaced');
    expect(await held(store, 1, 2, 3)).toEqual([false, true, true]);
  });

  test(`${name}: a full store that several networks have filled counts what is signed and what was woken for its network too, and lets none of it give way`, async () => {
    const store = await fullStoreOf(
      nth(1, 0, from(1)),
      nth(2, 0, from(9, { signed: true })),
      nth(3, 0, from(9, { woken: true })),
    );
    expect(await store.put(nth(4, OLD_ENOUGH, from(9, { signed: true })))).toBe('full');
    expect(await store.put(nth(4, OLD_ENOUGH, from(1)))).toBe('displaced');
    expect(await held(store, 1, 2, 3)).toEqual([false, true, true]);
  });

  test(`${name}: a full store that several networks have filled goes by the network that a key was registered from last`, async () => {
    const store = await fullStoreOf(nth(1, 0, from(1)), nth(2, 1, from(2)), nth(3, 2, from(2)));
    await store.put(nth(3, 2, from(1)));
    expect(await store.find(tradeKey(3))).toEqual(nth(3, 2, from(1)));
    expect(await store.put(nth(4, OLD_ENOUGH + 2, from(3)))).toBe('displaced');
    expect(await held(store, 1, 2, 3)).toEqual([false, true, true]);
  });

  test(`${name}: a full store that several networks have filled lets the oldest of all give way among networks that hold the same`, async () => {
    const store = await fullStoreOf(nth(1, 2, from(1)), nth(2, 0, from(2)), nth(3, 1, from(3)));
    expect(await store.put(nth(4, OLD_ENOUGH + 2, from(4)))).toBe('displaced');
    expect(await held(store, 1, 2, 3)).toEqual([true, false, true]);
  });
}
