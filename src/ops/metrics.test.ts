import { expect, test } from 'vitest';

import { COUNTERS } from '../core/telemetry/counters.ts';
import { combinations } from '../core/telemetry/label-values.ts';
import { HISTOGRAMS } from '../core/telemetry/measures.ts';
import { Metrics } from './metrics.ts';

test('every series of a counter or a histogram is on the metrics page before anything is counted, with 0', async () => {
  const lines = new Set((await new Metrics().text()).split('\n'));
  const expected = [
    ...Object.entries(COUNTERS).map(([name, { labels }]) => [`${name}_total`, labels] as const),
    ...Object.entries(HISTOGRAMS).map(([name, { labels }]) => [`${name}_count`, labels] as const),
  ].flatMap(([name, labels]) => combinations(labels).map((series) => `${shown(name, series)} 0`));
  expect(expected).toContain('mostro_push_wakes_turned_away_total{provider="fcm"} 0');
  expect(expected.filter((line) => !lines.has(line))).toEqual([]);
});

test('a first count makes 1 of a 0 that Prometheus has already seen', async () => {
  const metrics = new Metrics();
  metrics.count('wakes_turned_away', { provider: 'fcm' });
  expect(await metrics.text()).toContain('mostro_push_wakes_turned_away_total{provider="fcm"} 1\n');
});

function shown(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `mostro_push_${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`;
}
