import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { RecentWakes } from './recent-wakes.ts';
import type { WakeRequest } from '../lanes/wake.ts';

const REQUEST = { target: { type: 'fcm', token: 'a' } } as unknown as WakeRequest;

test('a wake is recent for ten milliseconds, whatever becomes of it, and goes to its lane', async () => {
  const clock = new FakeClock();
  const asked: WakeRequest[] = [];
  const recent = new RecentWakes(
    {
      request: async (request) => {
        asked.push(request);
        return 'owed';
      },
      follow: async () => true,
      isUnsent: (_target, device) => device === 'b',
    },
    clock.read,
  );
  expect(recent.any).toBe(false);
  const end = recent.request(REQUEST);
  expect(recent.any).toBe(true);
  expect([await end, asked]).toEqual(['owed', [REQUEST]]);
  clock.advance(9);
  expect(recent.any).toBe(true);
  clock.advance(1);
  expect(recent.any).toBe(false);
  const key = REQUEST.keys as never;
  expect([recent.isUnsent(REQUEST.target, 'a', key), recent.isUnsent(REQUEST.target, 'b', key)]).toEqual([
    false,
    true,
  ]);
});
