import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { RewritePolicy } from './rewrite-policy.ts';

const MIB = 1024 * 1024;

function policyWithGarbage(): { policy: RewritePolicy; clock: FakeClock } {
  const clock = new FakeClock();
  const policy = new RewritePolicy(clock.read);
  policy.noteBegin();
  policy.noteEnd(10 * MIB);
  policy.noteGarbage();
  return { policy, clock };
}

describe('a store file', () => {
  test('without outdated records is not rewritten', () => {
    const { policy } = policyWithGarbage();
    policy.noteBegin();
    expect(policy.isDue(MIB)).toBe(false);
  });

  test('that is small is rewritten at once', () => {
    expect(policyWithGarbage().policy.isDue(64 * MIB)).toBe(true);
  });

  test.each([
    [128, 1],
    [64 + 4 * 64, 4],
    [100_000, 24],
  ])('of %i MiB is rewritten after %i hours', (mib, hours) => {
    const { policy, clock } = policyWithGarbage();
    clock.advance(hours * HOUR_MS - 1);
    expect(policy.isDue(mib * MIB)).toBe(false);
    clock.advance(1);
    expect(policy.isDue(mib * MIB)).toBe(true);
  });

  test('is rewritten when the clock was set back', () => {
    const { policy, clock } = policyWithGarbage();
    clock.advance(-HOUR_MS);
    expect(policy.isDue(1000 * MIB)).toBe(true);
  });

  test('is rewritten when it has grown to more than twice its size and by 16 MiB', () => {
    const { policy } = policyWithGarbage();
    expect([policy.hasOutgrown(36 * MIB), policy.hasOutgrown(36 * MIB + 1)]).toEqual([false, true]);
  });
});
