import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { watchStandstills } from './standstill-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a standstill of more than half a second is reported when it is over, until the watch ends', () => {
  const clock = new FakeClock();
  let standstills = 0;
  const end = watchStandstills({
    standstillMs: 500,
    monotonic: clock.read,
    onStandstill: () => standstills++,
  });
  const passing = [200, 700, 701, 200, 3000].map((ms) => {
    clock.advance(ms);
    vi.advanceTimersByTime(200);
    return standstills;
  });
  end();
  clock.advance(3000);
  vi.advanceTimersByTime(200);
  expect([passing, standstills]).toEqual([[0, 0, 1, 1, 2], 2]);
});
