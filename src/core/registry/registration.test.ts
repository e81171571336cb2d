import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LIFETIME } from '../../../test/support/registrations.ts';
import { DAY_MS, HOUR_MS } from '../basics/clock.ts';
import { expiryOf } from './registration.ts';

describe('a registration ends', () => {
  test('48 hours after it was made', () => {
    expect(expiryOf(1000, 1000, LIFETIME)).toBe(1000 + 48 * HOUR_MS);
  });

  test('48 hours after it was last renewed', () => {
    expect(expiryOf(1000, 1000 + 5 * DAY_MS, LIFETIME)).toBe(1000 + 7 * DAY_MS);
  });

  test('30 days after it was made, however late it is renewed', () => {
    expect(expiryOf(1000, 1000 + 29 * DAY_MS, LIFETIME)).toBe(1000 + 30 * DAY_MS);
  });

  test('never later than either bound, and at one of them', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (registeredAt, later, ttlMs, maxAgeMs) => {
        const now = registeredAt + later;
        const bounds = [now + ttlMs, registeredAt + maxAgeMs];
        expect(expiryOf(registeredAt, now, { ttlMs, maxAgeMs })).toBe(bounds.toSorted((a, b) => a - b)[0]);
      }),
    );
  });
});
