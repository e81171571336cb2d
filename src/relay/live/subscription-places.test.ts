import { expect, test } from 'vitest';

import { arrangementFor, sharedRequest, type Arrangement } from './subscription-places.ts';

const TWO_KINDS = { kinds: 2, lists: false };

test.each<[number | undefined, Arrangement]>([
  [undefined, 'apart'],
  [20, 'apart'],
  [5, 'apart'],
  [4, 'in place'],
  [3, 'in place'],
  [2, 'live together'],
  [1, 'together'],
])('at a relay with %s places, two kinds are arranged "%s"', (places, arrangement) => {
  expect(arrangementFor(places, TWO_KINDS)).toBe(arrangement);
});

test('relay lists need a place like a kind', () => {
  expect(arrangementFor(3, { kinds: 2, lists: true })).toBe('live together');
  expect(arrangementFor(4, { kinds: 2, lists: true })).toBe('in place');
});

test('one kind needs two places to be apart from its pages', () => {
  expect([3, 2, 1].map((places) => arrangementFor(places, { kinds: 1, lists: false }))).toEqual([
    'apart',
    'in place',
    'together',
  ]);
});

test('apart, nothing is shared', () => {
  expect(sharedRequest('apart', 'live', [14])).toBeUndefined();
});

test('in place, a subscription shares only with what replaces it, and pages have a place', () => {
  expect(sharedRequest('in place', 'live', [14])).not.toBe(sharedRequest('in place', 'live', [1059]));
  expect(sharedRequest('in place', 'live', [14])).toBe(sharedRequest('in place', 'live', [14]));
  expect(sharedRequest('in place', 'page', [14])).toBeUndefined();
});

test('live together, the kinds share one REQ, and pages have a place', () => {
  expect(sharedRequest('live together', 'live', [14])).toBe(sharedRequest('live together', 'live', [1059]));
  expect(sharedRequest('live together', 'lists', [10_002])).toBe(
    sharedRequest('live together', 'live', [14]),
  );
  expect(sharedRequest('live together', 'page', [14])).toBeUndefined();
});

test('together, pages share the REQ of the kinds', () => {
  expect(sharedRequest('together', 'page', [14])).toBe(sharedRequest('together', 'live', [1059]));
});
