import { expect, test } from 'vitest';

import { fcmTarget, registrationAt, tradeKey } from '../../../test/support/registrations.ts';
import { deviceOf } from '../../core/registry/push-target.ts';
import { DurableRegistrations } from './durable-registrations.ts';

const NOW = Date.UTC(2026, 0, 1);
const KEY = tradeKey(1);

test('until a change is durable, the lot of a key is that of its former device', async () => {
  const kept: (() => void)[] = [];
  const store = new DurableRegistrations({
    capacity: 10,
    journal: {
      isRefusing: false,
      hasFile: true,
      write: () => undefined,
      commit: () => new Promise<void>((resolve) => kept.push(resolve)),
    },
    keeps: () => true,
    onGarbage: () => undefined,
    onSwept: () => undefined,
    clock: () => NOW,
    lotOf: (device) => device.length,
  });
  const lot = (): number | undefined => store.lotAt(Buffer.from(KEY), 0);
  const register = (token: string) =>
    store.put(registrationAt(NOW, { tradePubkey: KEY, target: fcmTarget(token) }));
  const first = register('a');
  kept.pop()?.();
  await first;
  const second = register('another');
  expect(lot()).toBe(deviceOf(fcmTarget('a')).length);
  kept.pop()?.();
  await second;
  expect(lot()).toBe(deviceOf(fcmTarget('another')).length);
});
