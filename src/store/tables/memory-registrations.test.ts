import { describe, expect, test } from 'vitest';

import {
  fcmTarget,
  LIFETIME,
  registrationAt,
  tradeKey,
  webPushTarget,
} from '../../../test/support/registrations.ts';
import { deviceOf, type PushTarget } from '../../core/registry/push-target.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { MemoryRegistrations } from './memory-registrations.ts';

const NOW = Date.UTC(2026, 0, 1);
/** When all that was registered at `NOW` has expired. */
const LATER = NOW + LIFETIME.ttlMs;
/** The key before which a sweep of keys from 0 on first waits. */
const BOUNDARY = tradeKey(1023);

async function storeOf(count: number): Promise<MemoryRegistrations> {
  const store = new MemoryRegistrations({ capacity: count });
  for (let n = 0; n < count; n++) await store.put(registrationAt(NOW, { tradePubkey: tradeKey(n) }));
  return store;
}

describe('registrations in memory', () => {
  test('in a fleet the lot of a key is that of its device, wherever the key moves, and a stranger has none', async () => {
    const store = new MemoryRegistrations({ capacity: 10, lotOf: (device) => device.length });
    const lotOf = (n: number) => store.lotAt(Buffer.from(` ${tradeKey(n)}`), 1);
    expect(lotOf(1)).toBeUndefined();
    await store.put(registrationAt(NOW, { tradePubkey: tradeKey(1), target: fcmTarget('a') }));
    expect(lotOf(1)).toBe(deviceOf(fcmTarget('a')).length);
    await store.put(registrationAt(NOW, { tradePubkey: tradeKey(1), target: fcmTarget('another') }));
    expect([lotOf(1), lotOf(2)]).toEqual([deviceOf(fcmTarget('another')).length, undefined]);
  });

  test('keep a device once, however many keys point at it', async () => {
    const store = new MemoryRegistrations({ capacity: 100 });
    for (let n = 0; n < 100; n++)
      await store.put(registrationAt(NOW, { tradePubkey: tradeKey(n), target: webPushTarget('phone', 1) }));
    expect(store.rows.blocks).toBe(2);
    expect(await store.evict(webPushTarget('phone', 1))).toBe(100);
  });

  test.each([1, 123, 124, 125, 163, 164, 248, 249, 1000, 4096])(
    'keep an address of %i characters, packed or not, with and without keys',
    async (length) => {
      const store = new MemoryRegistrations({ capacity: 3 });
      const keys = { p256dh: 'p'.repeat(87), auth: 'a'.repeat(22) };
      const targets: PushTarget[] = [
        fcmTarget('Ab-_9'.repeat(length).slice(-length)),
        fcmTarget('ab/'.repeat(length).slice(-length)),
        { type: 'unifiedpush', endpoint: 'x.y'.repeat(length).slice(-length), keys },
      ];
      for (const [n, target] of targets.entries())
        await store.put(registrationAt(NOW, { tradePubkey: tradeKey(n), target }));
      const found = await Promise.all(targets.map((_, n) => store.find(tradeKey(n))));
      expect(found.map((one) => one?.target)).toEqual(targets);
      expect(await Promise.all(targets.map((target) => store.evict(target)))).toEqual([1, 1, 1]);
    },
  );

  test('find a key in a frame, in either case of hex, and nothing where no key stands', async () => {
    const store = new MemoryRegistrations({ capacity: 1 });
    const tradePubkey = 'ab'.repeat(32) as TradePubkey;
    await store.put(registrationAt(NOW, { tradePubkey }));
    const frame = Buffer.from(`["p","${tradePubkey}","${tradePubkey.toUpperCase()}","${'ag'.repeat(32)}"]`);
    const holds = [0, 1, 2].map((n) => store.mayContainAt(frame, 6 + n * 67));
    expect([...holds, store.mayContainAt(frame, 5)]).toEqual([true, true, false, false]);
  });

  test('are listed once each while others come and go', async () => {
    const store = await storeOf(100);
    const told: TradePubkey[] = [];
    for (const { tradePubkey } of store.entries()) {
      told.push(tradePubkey);
      const n = told.length;
      if (n <= 50) await store.remove(tradeKey(100 - n), { signed: false, now: 0 });
      if (n <= 50) await store.put(registrationAt(LATER, { tradePubkey: tradeKey(n - 1) }));
    }
    expect(told).toEqual(Array.from({ length: 50 }, (_, n) => tradeKey(n)));
  });

  test('take no more rows when registrations come and go', async () => {
    const store = new MemoryRegistrations({ capacity: 2000 });
    for (let n = 0; n < 20_000; n++) {
      const target = fcmTarget(`${n}:`.padEnd(1 + ((n * 37) % 400), 'x'));
      await store.put(registrationAt(NOW + n, { tradePubkey: tradeKey(n), target }));
      if (n >= 1000) await store.remove(tradeKey(n - 1000), { signed: false, now: 0 });
      // The blocks of any thousand: four each at the most, and one thousand of rows.
    }
    expect(store.counts().total).toBe(1000);
    expect(store.rows).toEqual({
      registrations: 1001,
      blocks: expect.toSatisfy((most: number) => most <= 4004),
    });
  });

  test('are swept completely, however many slices a sweep takes', async () => {
    const store = await storeOf(10_000);
    expect(await store.sweep(LATER)).toBe(10_000);
    expect(store.counts()).toEqual({ total: 0, android: 0, ios: 0, web: 0, webpush: 0 });
  });

  test.each([
    [
      'registered again',
      (store: MemoryRegistrations) => store.put(registrationAt(LATER, { tradePubkey: BOUNDARY })),
    ],
    ['renewed', (store: MemoryRegistrations) => store.renew(BOUNDARY, fcmTarget('phone'), LIFETIME, LATER)],
  ])('survive a sweep that pauses before their key is %s', async (_, use) => {
    const store = await storeOf(5000);
    const swept = store.sweep(LATER);
    await use(store);
    expect(await swept).toBe(4999);
    expect((await store.find(BOUNDARY))?.expiresAt).toBe(LATER + LIFETIME.ttlMs);
    expect(store.counts()).toEqual({ total: 1, android: 1, ios: 0, web: 0, webpush: 0 });
  });

  test('are not counted as expired if they were removed while a sweep paused', async () => {
    const store = await storeOf(5000);
    const swept = store.sweep(LATER);
    await store.remove(BOUNDARY, { signed: false, now: 0 });
    expect(await swept).toBe(4999);
    expect(store.counts()).toEqual({ total: 0, android: 0, ios: 0, web: 0, webpush: 0 });
  });

  test('let other work run while they are swept', async () => {
    const store = await storeOf(10_000);
    const order: string[] = [];
    const swept = store.sweep(NOW).then(() => order.push('swept'));
    setImmediate(() => order.push('others'));
    await swept;
    expect(order).toEqual(['others', 'swept']);
  });
});
