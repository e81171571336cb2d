import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { LineLimit } from './line-limit.ts';

describe('log lines of one name', () => {
  test('are written up to the limit, and omitted after it', () => {
    const limit = new LineLimit({ most: 2, windowMs: 1000, clock: new FakeClock().read });
    expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, undefined]);
  });

  test('are written again in the next window, and the first has the number of omitted lines', () => {
    const clock = new FakeClock();
    const limit = new LineLimit({ most: 1, windowMs: 1000, clock: clock.read });
    for (let n = 0; n < 5; n++) limit.take('a');
    clock.advance(1000);
    expect(limit.take('a')).toBe(4);
    clock.advance(1000);
    expect(limit.take('a')).toBe(0);
  });

  test('do not count against another name', () => {
    const limit = new LineLimit({ most: 1, windowMs: 1000, clock: new FakeClock().read });
    expect([limit.take('a'), limit.take('b'), limit.take('a')]).toEqual([0, 0, undefined]);
  });
});
