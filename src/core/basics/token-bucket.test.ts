import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS, SECOND_MS } from './clock.ts';
import { TokenBucket } from './token-bucket.ts';

function setUp(burst = 10, perSecond = 2): { bucket: TokenBucket; clock: FakeClock } {
  const clock = new FakeClock();
  return { bucket: new TokenBucket({ burst, perSecond, clock: clock.read }), clock };
}

describe('a token bucket', () => {
  test('can be spent at once up to its burst', () => {
    const { bucket } = setUp();
    expect([bucket.spend(9), bucket.spend(1), bucket.spend(1)]).toEqual([0, 0, 500]);
  });

  test('says how long an overdraft takes to refill', () => {
    const { bucket, clock } = setUp();
    expect(bucket.spend(14)).toBe(2000);
    clock.advance(1500);
    expect(bucket.spend(0)).toBe(500);
    clock.advance(500);
    expect(bucket.spend(0)).toBe(0);
  });

  test('refills over time, but never beyond its burst', () => {
    const { bucket, clock } = setUp();
    bucket.spend(10);
    clock.advance(HOUR_MS);
    expect([bucket.spend(10), bucket.spend(1)]).toEqual([0, 500]);
  });

  test('neither refills nor loses anything when the clock is set back', () => {
    const { bucket, clock } = setUp();
    bucket.spend(10);
    clock.advance(-HOUR_MS);
    expect(bucket.spend(1)).toBe(500);
    clock.advance(500);
    expect(bucket.spend(0)).toBe(0);
  });

  test('is never spent faster than it refills, whatever the times and amounts', () => {
    const spending = fc.record({
      waitMs: fc.integer({ min: -5000, max: 5000 }),
      amount: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(spending), (spendings) => {
        const { bucket, clock } = setUp();
        let [forward, spent] = [0, 0];
        for (const { waitMs, amount } of spendings) {
          clock.advance(waitMs);
          forward += Math.max(0, waitMs);
          if (bucket.spend(amount) === 0)
            expect(spent + amount).toBeLessThanOrEqual(10 + (2 * forward) / SECOND_MS);
          spent += amount;
        }
      }),
    );
  });
});
