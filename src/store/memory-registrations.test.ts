import { describe, expect, test } from 'vitest';

import { fcmTarget, LIFETIME, registrationAt, tradeKey } from '../../test/support/registrations.ts';
import { MemoryRegistrations } from './memory-registrations.ts';

const NOW = Date.UTC(2026, 0, 1);
/** When all that was registered at `NOW` has expired. */
const LATER = NOW + LIFETIME.ttlMs;
/** The key before which a sweep of keys from 0 on first waits. */
const BOUNDARY = tradeKey(4095);

async function storeOf(count: number): Promise<MemoryRegistrations> {
  const store = new MemoryRegistrations({ capacity: count });
  for (let n = 0; n < count; n++) await store.put(registrationAt(NOW, { tradePubkey: tradeKey(n) }));
  return store;
}

describe('registrations in memory', () => {
  test('keep one copy of a device, however many keys point at it', async () => {
    const store = new MemoryRegistrations({ capacity: 2 });
    for (const n of [1, 2]) {
      await store.put(registrationAt(NOW, { tradePubkey: tradeKey(n), target: fcmTarget('phone') }));
    }
    const [one, other] = await Promise.all([1, 2].map((n) => store.find(tradeKey(n))));
    expect(one?.target).toBe(other?.target);
  });

  test('are swept whole, however many slices it takes', async () => {
    const store = await storeOf(10_000);
    expect(await store.sweep(LATER)).toBe(10_000);
    expect(store.counts()).toEqual({ total: 0, android: 0, ios: 0, webpush: 0 });
  });

  test.each([
    [
      'registered anew',
      (store: MemoryRegistrations) => store.put(registrationAt(LATER, { tradePubkey: BOUNDARY })),
    ],
    ['renewed', (store: MemoryRegistrations) => store.renew(BOUNDARY, fcmTarget('phone'), LIFETIME, LATER)],
  ])('survive a sweep that waits before a key which is now %s', async (_, use) => {
    const store = await storeOf(5000);
    const swept = store.sweep(LATER);
    await use(store);
    expect(await swept).toBe(4999);
    expect((await store.find(BOUNDARY))?.expiresAt).toBe(LATER + LIFETIME.ttlMs);
    expect(store.counts()).toEqual({ total: 1, android: 1, ios: 0, webpush: 0 });
  });

  test('are not counted as expired when they were removed while the sweep waited', async () => {
    const store = await storeOf(5000);
    const swept = store.sweep(LATER);
    await store.remove(BOUNDARY, { signed: false, now: 0 });
    expect(await swept).toBe(4999);
    expect(store.counts()).toEqual({ total: 0, android: 0, ios: 0, webpush: 0 });
  });

  test('let others work while they are swept', async () => {
    const store = await storeOf(10_000);
    const order: string[] = [];
    const swept = store.sweep(NOW).then(() => order.push('swept'));
    setImmediate(() => order.push('others'));
    await swept;
    expect(order).toEqual(['others', 'swept']);
  });
});
