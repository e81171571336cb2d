import fc from 'fast-check';
import { expect, test } from 'vitest';

import { GapRange } from './gap-range.ts';

function spans(ranges: readonly GapRange[]): [number, number][] {
  return ranges.map(({ since, until }) => [since, until]);
}

/** A range with a page under way of these seconds; every event has an id of its own. */
function paged(since: number, until: number, seconds: readonly number[]): GapRange {
  const range = new GapRange(since, until);
  range.beginPage();
  for (const [n, second] of seconds.entries()) range.take(second, `event ${n}`);
  return range;
}

test.each([
  ['none', [], [[10, Infinity]]],
  [
    'one within',
    [15],
    [
      [10, 14],
      [16, Infinity],
    ],
  ],
  ['one at the beginning', [10], [[11, Infinity]]],
  [
    'two side by side, in any order and twice',
    [16, 15, 16],
    [
      [10, 14],
      [17, Infinity],
    ],
  ],
  ['one before it', [9], [[10, Infinity]]],
])('a range around seconds to avoid has the parts between them: %s', (_, seconds, parts) => {
  expect(spans(GapRange.around(10, Infinity, seconds))).toEqual(parts);
});

test('a range around seconds to avoid has no part when there is nothing else', () => {
  expect(GapRange.around(10, 11, [11, 10, 12])).toEqual([]);
});

test('the slices of a range double from the newest second on, newest part last', () => {
  expect(spans(paged(0, Infinity, []).slices(100))).toEqual([
    [0, 37],
    [38, 69],
    [70, 85],
    [86, 93],
    [94, 97],
    [98, 99],
    [100, 100],
  ]);
});

test('the slices of a range keep as one part what had come, but not its oldest second', () => {
  expect(spans(paged(90, Infinity, [102, 99, 97]).slices(100))).toEqual([
    [90, 90],
    [91, 94],
    [95, 96],
    [97, 97],
    [98, Infinity],
  ]);
});

test('the slices of a range cover the range without a gap and without an overlap', () => {
  const edges = fc.record({ since: fc.nat(300_000), width: fc.nat(300_000), at: fc.nat() });
  fc.assert(
    fc.property(edges, fc.array(fc.nat()), ({ since, width, at }, dice) => {
      const until = since + width + 1;
      const range = paged(
        since,
        until,
        dice.map((die) => since + (die % (width + 2))),
      );
      const newest = since + 1 + (at % (width + 1));
      const parts = spans(range.slices(newest));
      expect(parts[0]?.[0]).toBe(since);
      for (const [n, [from]] of parts.slice(1).entries()) expect(from).toBe((parts[n]?.[1] ?? 0) + 1);
      expect([newest, until]).toContain(parts.at(-1)?.[1]);
    }),
  );
});

test('a page counts what lies within the range, at both ends too', () => {
  const range = paged(10, 20, [21, 20, 15, 10, 9]);
  expect(range).toMatchObject({ count: 3, fresh: 3, oldest: 10, isAstray: false });
});

test('a page is astray when it has only what is too new, and plenty of it', () => {
  const plenty = Array.from({ length: 10 }, () => 21);
  expect(paged(10, 20, plenty).isAstray).toBe(true);
  expect(paged(10, 20, [...plenty, 15]).isAstray).toBe(false);
  expect(paged(10, 20, plenty.slice(1)).isAstray).toBe(false);
  expect(
    paged(
      10,
      20,
      plenty.map(() => 9),
    ).isAstray,
  ).toBe(false);
  expect(paged(10, 20, []).isAstray).toBe(false);
});

test('a page finds nothing new in what the page before gave of the second where they overlap', () => {
  const range = new GapRange(10, 20);
  range.beginPage();
  for (const id of ['a', 'b']) range.take(15, id);
  range.goBack();
  range.beginPage();
  for (const id of ['b', 'c', 'a']) range.take(15, id);
  expect(range).toMatchObject({ until: 15, count: 3, fresh: 1 });
});

test('a page knows nothing any more of a second that was left', () => {
  const range = paged(10, 15, [15]);
  range.goBack();
  range.leaveSecond();
  range.beginPage();
  range.take(14, 'event 0');
  expect(range).toMatchObject({ until: 14, fresh: 1 });
});

test('a page of a second without an end finds nothing new from twenty thousand ids on', () => {
  const range = new GapRange(10, 15);
  const page = (from: number): number => {
    range.beginPage();
    for (let n = from; n < from + 15_000; n++) range.take(15, `${n}`);
    range.goBack();
    return range.fresh;
  };
  expect([page(0), page(15_000), page(30_000)]).toEqual([15_000, 15_000, 0]);
});
