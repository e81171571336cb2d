import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';

import { Durations } from './durations.ts';

const buckets = [0.001, 0.5, 1, 2.5];
const seconds = fc.oneof(fc.constantFrom(0, ...buckets), fc.double({ min: 0, max: 5, noNaN: true }));
const labelled = fc.record({
  provider: fc.constantFrom('fcm', 'unifiedpush'),
  outcome: fc.constantFrom('gone', 'delivered'),
});

function pages(labelNames: readonly string[]) {
  const [ours, theirs] = [new Registry(), new Registry()];
  const common = { name: 'took', help: 'How long it took.' };
  const series = labelNames.length === 0 ? [{}] : [];
  const durations = new Durations({ ...common, labelNames, series, buckets });
  durations.register(ours);
  const histogram = new Histogram({
    ...common,
    labelNames: [...labelNames],
    buckets: [...buckets],
    registers: [theirs],
  });
  return { durations, histogram, ours: () => ours.metrics(), theirs: () => theirs.metrics() };
}

test.each<[string, readonly string[], fc.Arbitrary<Record<string, string>>]>([
  ['without labels', [], fc.constant({})],
  ['with labels', ['provider', 'outcome'], labelled],
])(
  'durations %s are on the metrics page as the library’s own histogram would show them',
  async (_, names, labels) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(labels, seconds), { maxLength: 30 }), async (observations) => {
        const { durations, histogram, ours, theirs } = pages(names);
        for (const [of, value] of observations) {
          durations.observe(of, value);
          histogram.observe(of, value);
        }
        expect(await ours()).toBe(await theirs());
      }),
    );
  },
);
