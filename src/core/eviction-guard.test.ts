import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { many, seededDraw, shuffled } from '../../test/support/draw.ts';
import { MINUTE_MS, SECOND_MS } from './clock.ts';
import { EvictionGuard } from './eviction-guard.ts';

function setUp() {
  const clock = new FakeClock();
  const guard = new EvictionGuard(clock.read);
  let devices = 0;
  return {
    clock,
    guard,
    /** So many devices more are called gone. @returns how many of them may be forgotten */
    gone: (count: number) => many(count, () => guard.noteGone(`device ${devices++}`)).filter(Boolean).length,
    delivered: (count: number) => many(count, () => guard.noteDelivered(`device ${devices++}`)),
  };
}

describe('devices that are called gone', () => {
  test('are kept from the tenth on where nothing is delivered', () => {
    const { gone } = setUp();
    expect(gone(300)).toBe(9);
  });

  test.each([1, 2, 3, 4, 5])(
    'are kept, but for a few, when 300 of 400 are, in whatever order (%i)',
    (seed) => {
      const { gone, delivered } = setUp();
      const answers = shuffled(
        [...many(300, () => 'gone'), ...many(100, () => 'delivered')],
        seededDraw(seed),
      );
      let forgotten = 0;
      for (const answer of answers) {
        if (answer === 'gone') forgotten += gone(1);
        else delivered(1);
      }
      expect(forgotten).toBeLessThan(20);
    },
  );

  test('are kept once they are more than those that were delivered to, at the worst', () => {
    const { gone, delivered } = setUp();
    delivered(100);
    expect(gone(300)).toBe(100);
  });

  test('are forgotten while they are few, or fewer than those that were delivered to', () => {
    const { clock, gone, delivered } = setUp();
    let forgotten = 0;
    for (let minute = 0; minute < 600; minute++, clock.advance(MINUTE_MS)) {
      delivered(20);
      forgotten += gone(2);
    }
    expect(forgotten).toBe(1200);
  });

  test('are forgotten when it is one device, again and again', () => {
    const { guard } = setUp();
    expect(many(100, () => guard.noteGone('one'))).not.toContain(false);
  });

  test('are forgotten when they come nine in ten minutes and nothing else does', () => {
    const { clock, gone } = setUp();
    let forgotten = 0;
    for (let n = 0; n < 90; n++, clock.advance(70 * SECOND_MS)) forgotten += gone(1);
    expect(forgotten).toBe(90);
  });

  test('are kept, after a thousand, however many were delivered to before', () => {
    const { gone, delivered } = setUp();
    delivered(5000);
    expect(gone(5000)).toBeLessThanOrEqual(1000);
  });
});

describe('the guard', () => {
  test('lets go by itself when ten minutes are over', () => {
    const { clock, guard, gone } = setUp();
    gone(300);
    clock.advance(10 * MINUTE_MS - 1);
    expect(guard.isUp).toBe(true);
    clock.advance(1);
    expect(guard.isUp).toBe(false);
    expect(gone(1)).toBe(1);
  });

  test('lets go when more devices are delivered to than are called gone', () => {
    const { guard, gone, delivered } = setUp();
    gone(50);
    delivered(49);
    expect(guard.isUp).toBe(true);
    delivered(1);
    expect(guard.isUp).toBe(false);
  });
});
