import { expect, test } from 'vitest';

import { CLOSED_REACTIONS } from './closed-reaction.ts';

test.each([
  ['duplicate', false, 'again'],
  ['rate-limited', false, 'again'],
  ['error', false, 'narrower'],
  ['other', false, 'narrower'],
  ['invalid', true, 'narrower'],
  ['unsupported', true, 'narrower'],
  ['pow', true, 'never'],
  ['blocked', true, 'never'],
  ['mute', true, 'never'],
  ['restricted', true, 'never'],
  ['auth-required', true, 'again'],
] as const)(
  'a subscription that is closed as %s: the kind counts as refused: %s; a page is asked for %s',
  (prefix, refuses, page) => {
    expect(CLOSED_REACTIONS[prefix]).toEqual({ refuses, page });
  },
);

test('there is a reaction to every prefix of a CLOSED, and to no other', () => {
  expect(Object.keys(CLOSED_REACTIONS)).toHaveLength(11);
});
