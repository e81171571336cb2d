import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { RelayAccount } from './relay-account.ts';

function setUp(): { account: RelayAccount; clock: FakeClock; waits: number[] } {
  const clock = new FakeClock();
  const account = new RelayAccount(clock.read);
  const waits: number[] = [];
  account.onOverdrawn = (waitMs) => waits.push(waitMs);
  return { account, clock, waits };
}

test('the processor time of a relay may be two seconds at once, and half of one core from then on', () => {
  const { account, clock, waits } = setUp();
  account.spend(2000);
  const before = [...waits];
  account.spend(5);
  for (let n = 0; n < 100; n++) {
    clock.advance(100);
    account.spend(50);
  }
  expect([before, waits.at(0), waits.at(-1)]).toEqual([[], 10, 10]);
});

test('the processor time of a relay is that of the work that is done for it, also where the work throws', () => {
  const { account, clock, waits } = setUp();
  const work = (): string => {
    clock.advance(1500);
    return 'done';
  };
  const result = account.charge(work);
  const failing = (): never => {
    clock.advance(2500);
    throw new Error('a fault');
  };
  expect(() => account.charge(failing)).toThrow('a fault');
  expect(result).toBe('done');
  // Of 2000 ms, 1500 are spent. During the second work 1250 ms are earned and 2500 spent. So 750 ms are overdrawn, at half a core.
  expect(waits).toEqual([1500]);
});
