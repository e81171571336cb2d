import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { RecentWakes } from './recent-wakes.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import type { Wake } from '../lanes/wake.ts';

const REQUEST = keyWake('a');

test('a wake is recent for ten milliseconds, whatever becomes of it, and goes to its lane', async () => {
  const clock = new FakeClock();
  const asked: Wake[] = [];
  const recent = new RecentWakes(
    {
      request: async (request) => {
        asked.push(request);
        return 'owed';
      },
      follow: async () => true,
      unsent: (_target, device) => (device === 'b' ? REQUEST : undefined),
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
  expect([recent.unsent(REQUEST.target, 'a'), recent.unsent(REQUEST.target, 'b')]).toEqual([
    undefined,
    REQUEST,
  ]);
});
