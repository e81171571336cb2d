import { expect, test } from 'vitest';

import { LiveSamples } from './live-samples.ts';

const SECOND = 1000;

function samplesAt(...seconds: readonly number[]): LiveSamples {
  const samples = new LiveSamples();
  for (const second of seconds) {
    const now = second * SECOND;
    if (samples.isDue(now)) samples.take({ id: `${second}`, createdAt: second }, now);
  }
  return samples;
}

const idsOf = (samples: LiveSamples, second: number): string[] =>
  samples.stored(second * SECOND).map(({ id }) => id);

test('events are sampled half a minute apart, and the last eight are kept', () => {
  expect(idsOf(samplesAt(0, 29, 30, 31, 90), 1000)).toEqual(['0', '30', '90']);
  const many = Array.from({ length: 20 }, (_, n) => n * 30);
  expect(idsOf(samplesAt(...many), 1000)).toEqual(many.slice(-8).map(String));
});

test('a relay has a minute to store what it has sent', () => {
  expect(idsOf(samplesAt(0, 60, 100), 130)).toEqual(['0', '60']);
});

test('a clock that was set back does not end the sampling', () => {
  expect(idsOf(samplesAt(10_000, 100, 140), 20_000)).toEqual(['10000', '100', '140']);
});
