import { describe, expect, test } from 'vitest';

import { fcmTarget, LIFETIME, registrationAt, tradeKey } from '../../test/support/registrations.ts';
import { MemoryRegistrations } from './memory-registrations.ts';

const NOW = Date.UTC(2026, 0, 1);

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
    expect(await store.sweep(NOW + LIFETIME.ttlMs)).toBe(10_000);
    expect(store.counts()).toEqual({ total: 0, android: 0, ios: 0 });
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
