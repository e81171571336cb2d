import { expect, test } from 'vitest';

import { checkedGapOf, NOW } from '../../../test/support/gap-scenarios.ts';
import { recover, simulatedRelay, storedEvents } from '../../../test/support/simulated-relay.ts';

type Ends = readonly ('since' | 'until')[];

/** How many events the gap has, how many seconds apart, and which of them is poisoned. */
const SHAPES = [1, 3, 7, 60].flatMap((step) =>
  [5, 15, 60].flatMap((count) => [0, 1, 2, 3, count - 1].map((at) => ({ step, count, at }))),
);

/** The events that a recovery lacks, apart from the poisoned one. */
function lacking(excludes: Ends, { step, count, at }: (typeof SHAPES)[number]): string[] {
  const second = (n: number): number => NOW - 10 - n * step;
  const events = storedEvents(
    Object.fromEntries(Array.from({ length: count }, (_, n) => [second(n), 1] as const)),
  );
  const poison = new Set([`${second(at)}/0`]);
  const { ids } = recover(checkedGapOf(3700), simulatedRelay(events, { cap: 20, excludes, poison }), NOW);
  return events.map(({ id }) => id).filter((id) => !ids.has(id) && !poison.has(id));
}

test.each<[Ends]>([[[]], [['until']], [['since']]])(
  'an event that ends connections costs no other event at a relay that excludes %j',
  (excludes) => {
    expect(SHAPES.flatMap((shape) => lacking(excludes, shape))).toEqual([]);
  },
);
