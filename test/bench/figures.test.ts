import { expect, test } from 'vitest';

import { percentile, summarise, type Figure } from '../../bench/figure.ts';
import { table } from '../../bench/table.ts';

const FIGURE: Figure = {
  what: 'frames',
  unit: '1/s',
  samples: [30, 10, 20],
  limit: { what: 'bare', samples: [60, 40, 40] },
  goal: { of: 'ratio', least: 0.4 },
  moreIsBetter: true,
};

test('a figure of the benchmark is the median of its rounds, with its spread, and its ratio the median of the ratios round by round', () => {
  expect(summarise(FIGURE)).toMatchObject({
    median: 20,
    least: 10,
    most: 30,
    limit: { median: 40 },
    ratio: 0.5,
    meetsGoal: true,
  });
});

test.each([
  [{ of: 'ratio', least: 0.51 }, false],
  [{ of: 'ratio', most: 0.5 }, true],
  [{ of: 'value', most: 19 }, false],
  [{ of: 'value', most: 20 }, true],
] as const)('a figure of the benchmark is held to %j', (goal, meetsGoal) => {
  expect(summarise({ ...FIGURE, goal }).meetsGoal).toBe(meetsGoal);
});

test('a figure of the benchmark has percentiles between its samples', () => {
  expect([0, 0.25, 0.5, 1].map((share) => percentile([4, 1, 3, 2], share))).toEqual([1, 1.75, 2.5, 4]);
});

test('a figure of the benchmark is a line of the table, beside that of an earlier run', () => {
  const now = summarise(FIGURE);
  const lines = table([now], new Map([['frames', { ...now, median: 25 }]])).split('\n');
  expect(lines[2]?.replaceAll(/ +/g, ' ')).toBe(
    '| frames | 20.0 | 10.0 – 30.0 | 1/s | 40.0: bare | 0.50 | ratio ≥ 0.4 | met | −20 % |',
  );
});
