import fc from 'fast-check';

import { CheckedRecovery } from '../../src/relay/gaps/checked-recovery.ts';
import { GapRecovery } from '../../src/relay/gaps/gap-recovery.ts';
import type { GapRecoveryOptions } from '../../src/relay/gaps/page-plan.ts';

/** The time of every recovery under test, in unix seconds. */
export const NOW = 1_767_225_600;

/** A recovery of this many seconds, with bounds that it does not reach. */
export function gapOf(seconds: number, options: Partial<GapRecoveryOptions> = {}): GapRecovery {
  return new GapRecovery(gapOptions(seconds, options));
}

/** The same recovery, but it checks what the relay gives. */
export function checkedGapOf(seconds: number, options: Partial<GapRecoveryOptions> = {}): CheckedRecovery {
  return new CheckedRecovery({ ...gapOptions(seconds, options), now: () => NOW });
}

export function gapOptions(seconds: number, options: Partial<GapRecoveryOptions> = {}): GapRecoveryOptions {
  const bounds = { pages: 5000, events: 500_000, losses: 500, timeMs: 1000 };
  return { since: NOW - seconds, maxLimit: undefined, bounds, poisoned: [], ...options };
}

/** Draws how many events there are in each of some seconds between these two. */
export function anyCounts(
  [from, to]: readonly [number, number],
  most: number,
): fc.Arbitrary<Record<number, number>> {
  const second = fc.integer({ min: from, max: to });
  // Few events or many: a second with more events than a page is the hard case, but must not be the only one.
  const count = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: most }));
  return fc.array(fc.tuple(second, count), { maxLength: 20 }).map((some) => Object.fromEntries(some));
}
