import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { askedSince, Coverage, provenUntil } from './coverage.ts';

const START = Date.UTC(2026, 0, 1);

function seconds(ms: number): number {
  return ms / SECOND_MS;
}

test('a gap begins at the last proof of life', () => {
  const coverage = new Coverage(START);
  for (const minutes of [1, 2, 3]) coverage.prove(START + minutes * MINUTE_MS);
  coverage.lose();
  expect(coverage.takeGap()).toBe(START + 3 * MINUTE_MS);
});

test('a gap begins at the start when there never was a proof', () => {
  const coverage = new Coverage(START);
  coverage.lose();
  expect(coverage.takeGap()).toBe(START);
});

test('a gap begins at the latest proof of life, also when one from just before comes after it', () => {
  const coverage = new Coverage(START);
  coverage.prove(START + 10 * MINUTE_MS);
  coverage.prove(START + MINUTE_MS);
  coverage.lose();
  expect(coverage.takeGap()).toBe(START + 10 * MINUTE_MS);
});

test('a gap begins at the last proof by a clock that has been set back since', () => {
  const coverage = new Coverage(START);
  coverage.prove(START + 80 * HOUR_MS);
  coverage.prove(START + MINUTE_MS);
  coverage.lose();
  expect(coverage.takeGap()).toBe(START + MINUTE_MS);
});

test('a gap begins earlier where the proof is doubtful', () => {
  const coverage = new Coverage(START);
  coverage.prove(START + 9 * MINUTE_MS);
  coverage.lose(START + 4 * MINUTE_MS);
  expect(coverage.takeGap()).toBe(START + 4 * MINUTE_MS);
});

test('a gap that no recovery has taken is not made shorter by a later one', () => {
  const coverage = new Coverage(START);
  coverage.prove(START + MINUTE_MS);
  coverage.lose();
  coverage.prove(START + HOUR_MS);
  coverage.lose();
  expect(coverage.takeGap()).toBe(START + MINUTE_MS);
});

test('a gap is there until a recovery takes it, and then no more', () => {
  const coverage = new Coverage(START);
  const before = coverage.hasGap;
  coverage.lose();
  const during = coverage.hasGap;
  coverage.takeGap();
  expect([before, during, coverage.hasGap, coverage.takeGap()]).toEqual([false, true, false, undefined]);
});

test('a gap after one that a recovery has taken begins at the last proof again', () => {
  const coverage = new Coverage(START);
  coverage.lose();
  coverage.takeGap();
  coverage.prove(START + HOUR_MS);
  coverage.lose();
  expect(coverage.takeGap()).toBe(START + HOUR_MS);
});

test('a gap always begins at the earliest time that was lost since it was last taken', () => {
  const times = fc.array(fc.nat(1e9), { minLength: 1 });
  fc.assert(
    fc.property(times, (lost) => {
      const coverage = new Coverage(START);
      for (const at of lost) coverage.lose(START + at);
      expect(coverage.takeGap()).toBe(START + Math.min(...lost));
    }),
  );
});

test('coverage is fresh until it was proven', () => {
  const coverage = new Coverage(START);
  const before = coverage.isFresh;
  coverage.prove(START);
  expect([before, coverage.isFresh]).toEqual([true, false]);
});

test('coverage is fresh until it was lost', () => {
  const coverage = new Coverage(START);
  coverage.lose();
  expect(coverage.isFresh).toBe(false);
});

describe('a gap is asked for (contract 2)', () => {
  const NOW = START + 30 * DAY_MS;

  test.each([
    ['15 minutes further back for kind 14', 14, 15 * MINUTE_MS],
    ['two days and 15 minutes further back for gift wraps', 1059, 2 * DAY_MS + 15 * MINUTE_MS],
  ])('%s', (_, kind, back) => {
    expect(askedSince(kind, NOW - HOUR_MS, NOW)).toBe(seconds(NOW - HOUR_MS - back));
  });

  test.each([14, 1059])('never beyond what may still wake, 72 hours: kind %i', (kind) => {
    expect(askedSince(kind, NOW - 5 * DAY_MS, NOW)).toBe(seconds(NOW - 72 * HOUR_MS));
  });

  test.each([
    [14, 15 * MINUTE_MS],
    [1059, 2 * DAY_MS + 15 * MINUTE_MS],
  ])(
    'from now on back where it is dated into the future, by a clock that was set back: kind %i',
    (kind, back) => {
      expect(askedSince(kind, NOW + 2 * HOUR_MS, NOW)).toBe(seconds(NOW - back));
    },
  );

  test('in whole seconds, rather one too many than one too few', () => {
    expect(askedSince(14, NOW + 999, NOW + 999)).toBe(seconds(NOW - 15 * MINUTE_MS));
  });
});

test('after a restart, the recovery of a kind reaches the last audit, also if that was longer ago than a recovery goes back', () => {
  const [handled, audited] = [100 * HOUR_MS, 99 * HOUR_MS];
  const began = [14, 1059].map((kind) => provenUntil(kind, handled, audited));
  const asked = [14, 1059].map((kind, n) => askedSince(kind, began[n] ?? 0, handled) * 1000);
  expect(began).toEqual([audited + 15 * MINUTE_MS, handled]);
  expect(asked.every((since) => since <= audited)).toBe(true);
  // Usually audits are no longer apart, and the gap begins at the last proof of life.
  expect(provenUntil(14, handled, handled - 15 * MINUTE_MS)).toBe(handled);
});
