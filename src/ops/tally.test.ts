import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';

import { Tally } from './tally.ts';

function tallied(labels: readonly string[]): { tally: Tally; page: () => Promise<string[]> } {
  const registry = new Registry();
  const counter = new Counter({ name: 'seen', help: 'x', labelNames: [...labels], registers: [registry] });
  const tally = new Tally(counter, labels);
  const page = async (): Promise<string[]> => {
    tally.flush();
    return (await registry.metrics()).split('\n').filter((line) => line.startsWith('seen'));
  };
  return { tally, page };
}

test('the metrics page has each count once, however often it is requested', async () => {
  const { tally, page } = tallied([]);
  tally.add({}, 1);
  tally.add({}, 2);
  expect([await page(), await page()]).toEqual([['seen 3'], ['seen 3']]);
  tally.add({}, 1);
  expect(await page()).toEqual(['seen 4']);
});

test('each combination of labels is a series of its own, in any order of the labels', async () => {
  const { tally, page } = tallied(['provider', 'outcome']);
  tally.add({ provider: 'fcm', outcome: 'gone' }, 1);
  tally.add({ outcome: 'gone', provider: 'fcm' }, 1);
  tally.add({ provider: 'fcm', outcome: 'retry' }, 1);
  expect(await page()).toEqual([
    'seen{provider="fcm",outcome="gone"} 2',
    'seen{provider="fcm",outcome="retry"} 1',
  ]);
});
