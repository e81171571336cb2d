import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import type { RegistrationStore } from '../../src/core/registry/registration-store.ts';
import type { PushTarget } from '../../src/core/registry/push-target.ts';
import type { Registration } from '../../src/core/registry/registration.ts';
import {
  LIFETIME,
  registrationAt,
  tradeKey,
  unifiedPushTarget,
  webPushTarget,
} from '../support/registrations.ts';
import type { CreateRegistrationStore } from './registration-store.contract.ts';

const NOW = Date.UTC(2026, 0, 1);

/** A registration of the n-th key for this device. */
function nth(n: number, target: PushTarget): Registration {
  return registrationAt(NOW, { tradePubkey: tradeKey(n), target, platform: 'webpush' });
}

/** What every store promises about the Web Push keys of a device. */
export function registrationKeysContract(name: string, create: CreateRegistrationStore): void {
  async function storeOf(...registrations: readonly Registration[]): Promise<RegistrationStore> {
    const store = await create({ capacity: 100 });
    for (const registration of registrations) expect(await store.put(registration)).toBe('stored');
    return store;
  }

  const [some, others] = [webPushTarget('x', 1), webPushTarget('x', 2)];
  const bare = unifiedPushTarget('x');
  const shared = { sharesEndpoint: true } as const;

  test(`${name}: the Web Push keys of a registration are its own, whatever keys another one brings for the endpoint`, async () => {
    const store = await storeOf(nth(1, some), nth(2, others));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, { ...some, ...shared }));
    expect(await store.find(tradeKey(2))).toEqual(nth(2, { ...others, ...shared }));
  });

  test(`${name}: the Web Push keys of a registration are neither taken away nor used by another one that brings none`, async () => {
    const store = await storeOf(nth(1, some), nth(2, bare));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, some));
    expect(await store.find(tradeKey(2))).toEqual(nth(2, bare));
  });

  test(`${name}: the Web Push keys of a registration are not given to another one that brought none`, async () => {
    const store = await storeOf(nth(1, bare), nth(2, others));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, bare));
  });

  test(`${name}: the Web Push keys of a registration are replaced by those that the same key brings, and stay where it brings none for the endpoint`, async () => {
    const store = await storeOf(nth(1, some), nth(1, others), nth(1, bare));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, others));
    await store.put(nth(1, unifiedPushTarget('y')));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, unifiedPushTarget('y')));
  });

  test(`${name}: the Web Push keys of a registration are no longer alone or alone again as others come and go`, async () => {
    const store = await storeOf(nth(1, some), nth(2, some));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, some));
    await store.put(nth(3, others));
    expect(await store.find(tradeKey(2))).toEqual(nth(2, { ...some, ...shared }));
    await store.remove(tradeKey(3), { signed: false, now: NOW });
    expect(await store.find(tradeKey(2))).toEqual(nth(2, some));
  });

  test(`${name}: the Web Push keys of a registration make a device: it is renewed and evicted without another one of the endpoint`, async () => {
    const store = await storeOf(nth(1, some), nth(2, some), nth(3, others), nth(4, bare));
    await store.renew(tradeKey(1), others, LIFETIME, NOW + MINUTE_MS);
    expect(await store.find(tradeKey(1))).toMatchObject({ woken: false });
    await store.renew(tradeKey(1), some, LIFETIME, NOW + MINUTE_MS);
    expect(await store.find(tradeKey(1))).toMatchObject({ woken: true });
    expect(await store.evict(some)).toBe(2);
    expect(await store.find(tradeKey(3))).toEqual(nth(3, others));
    expect(await store.find(tradeKey(4))).toEqual(nth(4, bare));
  });

  test(`${name}: the Web Push keys of a registration are not given back to what is registered after they were evicted`, async () => {
    const store = await storeOf(nth(1, some));
    await store.evict(some);
    await store.put(nth(1, bare));
    expect(await store.find(tradeKey(1))).toEqual(nth(1, bare));
  });

  test(`${name}: the Web Push keys of a registration are of eight kinds for one endpoint at the most, and what is there stays and can be registered again`, async () => {
    const sets = Array.from({ length: 8 }, (_, n) => nth(n, webPushTarget('x', n)));
    const store = await storeOf(...sets);
    expect(await store.put(nth(20, webPushTarget('x', 20)))).toBe('crowded');
    expect(await store.put(nth(20, bare))).toBe('crowded');
    expect(await store.put(nth(20, webPushTarget('x', 7)))).toBe('stored');
    expect(await store.put(nth(21, webPushTarget('y', 20)))).toBe('stored');
    for (const set of sets) expect(await store.find(set.tradePubkey)).toMatchObject({ target: set.target });
    await store.remove(tradeKey(3), { signed: false, now: NOW });
    expect(await store.put(nth(22, webPushTarget('x', 20)))).toBe('stored');
  });

  test(`${name}: the Web Push keys of a registration beyond eight kinds are refused for an owned key as for an unknown one, so that neither is told from the other`, async () => {
    const sets = Array.from({ length: 8 }, (_, n) => nth(n, webPushTarget('x', n)));
    const store = await storeOf(...sets, { ...nth(9, webPushTarget('y', 1)), signed: true });
    for (const n of [9, 10]) expect(await store.put(nth(n, webPushTarget('x', 20)))).toBe('crowded');
    expect(await store.find(tradeKey(9))).toMatchObject({ target: webPushTarget('y', 1), signed: true });
  });

  test(`${name}: a device is known with or without a registration, with a note if registrations share its endpoint under other keys`, async () => {
    const store = await storeOf(nth(1, some));
    expect(store.device(some)).toEqual({ isRegistered: true, target: some });
    expect(store.device(others)).toEqual({ isRegistered: false, target: { ...others, ...shared } });
    expect(store.device(bare)).toEqual({ isRegistered: false, target: bare });
    await store.put(nth(2, others));
    expect(store.device(some)).toEqual({ isRegistered: true, target: { ...some, ...shared } });
    await store.remove(tradeKey(1), { signed: false, now: NOW });
    expect(store.device(others)).toEqual({ isRegistered: true, target: others });
    await store.evict(others);
    expect(store.device({ ...others, ...shared })).toEqual({ isRegistered: false, target: others });
  });
}
