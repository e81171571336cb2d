import { describe, expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/clock.ts';
import type { RegistrationStore } from '../../src/core/ports.ts';
import type { PushTarget } from '../../src/core/push-target.ts';
import type { Registration } from '../../src/core/registration.ts';
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

/** What every store of registrations promises of the Web Push keys of a device. */
export function registrationKeysContract(name: string, create: CreateRegistrationStore): void {
  async function storeOf(...registrations: readonly Registration[]): Promise<RegistrationStore> {
    const store = await create({ capacity: 100 });
    for (const registration of registrations) expect(await store.put(registration)).toBe('stored');
    return store;
  }

  describe(`${name}: a device with Web Push keys`, () => {
    const [older, newer] = [webPushTarget('x', 1), webPushTarget('x', 2)];

    test('is found with the newest of them by every key that points at it', async () => {
      const store = await storeOf(nth(1, older), nth(2, newer));
      expect(await store.find(tradeKey(1))).toEqual(nth(1, newer));
      expect(await store.find(tradeKey(2))).toEqual(nth(2, newer));
    });

    test('keeps them when it is registered without any, by another key or by the same', async () => {
      const bare = unifiedPushTarget('x');
      const store = await storeOf(nth(1, older), nth(2, bare), nth(1, bare));
      expect(await store.find(tradeKey(1))).toEqual(nth(1, older));
      expect(await store.find(tradeKey(2))).toEqual(nth(2, older));
    });

    test('gets them when it had none', async () => {
      const store = await storeOf(nth(1, unifiedPushTarget('x')), nth(2, newer));
      expect(await store.find(tradeKey(1))).toEqual(nth(1, newer));
    });

    test('is another one than a device with the same keys at another endpoint', async () => {
      const store = await storeOf(nth(1, older), nth(2, webPushTarget('y', 2)));
      expect(await store.find(tradeKey(1))).toEqual(nth(1, older));
    });

    test('is one device whatever its keys are: renewed and forgotten by its endpoint', async () => {
      const store = await storeOf(nth(1, older), nth(2, newer));
      await store.renew(tradeKey(1), older, LIFETIME, NOW + MINUTE_MS);
      expect(await store.find(tradeKey(1))).toMatchObject({ target: newer, woken: true });
      expect(await store.forget(older)).toBe(2);
    });

    test('does not get back what was forgotten with it', async () => {
      const store = await storeOf(nth(1, older));
      await store.forget(older);
      await store.put(nth(1, unifiedPushTarget('x')));
      expect(await store.find(tradeKey(1))).toEqual(nth(1, unifiedPushTarget('x')));
    });
  });
}
