import { expect, test } from 'vitest';

import { fcmTarget } from '../../test/support/registrations.ts';
import type { Delivery, Push } from '../core/lanes/delivery.ts';
import { DeferredProvider } from './deferred-provider.ts';

const WAKE: Push = { kind: 'silent_wake', timestamp: 1 };
const { signal } = new AbortController();

/** A deferred provider that counts how often it is loaded and ended. */
function deferred(): { provider: DeferredProvider<ReturnType<typeof fcmTarget>>; calls: string[] } {
  const calls: string[] = [];
  const provider = new DeferredProvider<ReturnType<typeof fcmTarget>>('fcm', async () => {
    calls.push('loaded');
    return {
      name: 'fcm',
      send: async ({ token }): Promise<Delivery> => {
        calls.push(token);
        return { outcome: 'delivered' };
      },
      [Symbol.asyncDispose]: async () => void calls.push('ended'),
    };
  });
  return { provider, calls };
}

test('a deferred provider is loaded once, by the first wakes, and ends with what it loaded', async () => {
  const { provider, calls } = deferred();
  expect([provider.name, ...calls]).toEqual(['fcm']);
  const sent = ['a', 'b'].map((token) => provider.send(fcmTarget(token), WAKE, signal));
  expect(await Promise.all(sent)).toEqual([{ outcome: 'delivered' }, { outcome: 'delivered' }]);
  await provider[Symbol.asyncDispose]();
  expect(calls).toEqual(['loaded', 'a', 'b', 'ended']);
});

test('a deferred provider that was never needed is not loaded when it is closed', async () => {
  const { provider, calls } = deferred();
  await provider[Symbol.asyncDispose]();
  expect(calls).toEqual([]);
});

test('a deferred provider that was loaded early is not loaded again by its first wake', async () => {
  const { provider, calls } = deferred();
  await provider.load();
  expect(calls).toEqual(['loaded']);
  await provider.send(fcmTarget('a'), WAKE, signal);
  expect(calls).toEqual(['loaded', 'a']);
});

test('a deferred provider that cannot be loaded throws, and can still be closed', async () => {
  const provider = new DeferredProvider<ReturnType<typeof fcmTarget>>('fcm', () =>
    Promise.reject(new Error('EMFILE')),
  );
  await expect(provider.load()).rejects.toThrow('EMFILE');
  await expect(provider[Symbol.asyncDispose]()).resolves.toBeUndefined();
});
