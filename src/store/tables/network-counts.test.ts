import fc from 'fast-check';
import { expect, test } from 'vitest';

import { NETWORKS, NetworkCounts } from './network-counts.ts';

const network = fc.oneof(fc.nat(20), fc.integer({ min: NETWORKS - 3, max: NETWORKS - 1 }));

test('the network that a search finds is the largest one with a displaceable registration', () => {
  const changes = fc.array(fc.record({ network, isMore: fc.boolean() }), { maxLength: 200, size: 'max' });
  const ages = fc.dictionary(fc.nat(20).map(String), fc.constantFrom(1, 2, 3));
  fc.assert(
    fc.property(changes, ages, fc.nat(5), fc.constantFrom(0, 1, 2, 3), (steps, oldest, least, before) => {
      const counts = new NetworkCounts();
      const model = new Map<number, number>();
      for (const { isMore, network: one } of steps) {
        const held = model.get(one) ?? 0;
        if (!isMore && held === 0) continue;
        counts.add(one, isMore ? 1 : -1);
        model.set(one, held + (isMore ? 1 : -1));
      }
      for (const [one, held] of model) expect(counts.of(one)).toBe(held);
      const oldestOf = (one: number): number => oldest[String(one)] ?? Infinity;
      for (const [one, at] of Object.entries(oldest)) counts.setOldest(Number(one), at);
      const [best] = [...model]
        .filter(([one, held]) => held > 0 && held >= least && oldestOf(one) <= before)
        .toSorted(([a, many], [b, more]) => more - many || oldestOf(a) - oldestOf(b));
      const found = counts.largest(least, before);
      expect(found === undefined).toBe(best === undefined);
      if (found !== undefined && best !== undefined)
        expect([counts.of(found), oldestOf(found)]).toEqual([best[1], oldestOf(best[0])]);
    }),
  );
});

test('a search for a network ends soon, also if every second network is larger and has nothing displaceable', () => {
  const counts = new NetworkCounts();
  for (let one = 0; one < NETWORKS; one++) {
    counts.add(one, 1);
    if (one % 2 === 0) counts.add(one, 1);
    counts.setOldest(one, one % 2 === 0 ? 2 : 1);
  }
  const found = counts.largest(1, 1);
  expect([found === undefined ? 0 : counts.of(found), (found ?? 0) % 2]).toEqual([1, 1]);
  expect(counts.largest(1, 0)).toBeUndefined();
  expect(counts.of(counts.largest(1, 2) ?? 0)).toBe(2);
});
