import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyTags } from '../../../test/support/events.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { MAX_RECIPIENTS, Recipients, recipientsOf } from './recipients.ts';

function pTags(count: number): string[][] {
  return Array.from({ length: count }, (_, n) => ['p', tradeKey(n)]);
}

function invalidTags(count: number): string[][] {
  return Array.from({ length: count }, (_, n) => ['p', `npub${n}`]);
}

test('the recipients of an event are the keys of all its p tags, in their order', () => {
  const tags = [
    ['p', tradeKey(2)],
    ['e', tradeKey(3)],
    ['p', tradeKey(1), 'relay'],
  ];
  expect(recipientsOf(tags).keys).toEqual([tradeKey(2), tradeKey(1)]);
});

test('the recipients of an event are named once each, in lower case', () => {
  const tags = [
    ['p', tradeKey(0xab)],
    ['p', tradeKey(0xab).toUpperCase()],
  ];
  expect(recipientsOf(tags).keys).toEqual([tradeKey(0xab)]);
});

test('an event has no recipient if the value of its p tag is missing or no key', () => {
  expect(recipientsOf([['p'], ['p', ''], ['p', 'npub1x'], ['p', `${tradeKey(1)}0`], []]).keys).toEqual([]);
});

test('the recipients of an event may be ten, however often each is named', () => {
  const recipients = recipientsOf([...pTags(10), ...pTags(10)]);
  expect(recipients.keys).toHaveLength(MAX_RECIPIENTS);
  expect(recipients.crowded).toBe(false);
});

test('an event with eleven recipients or more is crowded, and ten of them are known', () => {
  const recipients = recipientsOf(pTags(11));
  expect(recipients.keys).toHaveLength(MAX_RECIPIENTS);
  expect(recipients.crowded).toBe(true);
});

test('an event is crowded by its distinct p values, keys or not', () => {
  expect(recipientsOf([...invalidTags(10), ...pTags(1)])).toMatchObject({ crowded: true, keys: [] });
  expect(recipientsOf([...pTags(5), ...invalidTags(6)]).crowded).toBe(true);
  expect(recipientsOf(invalidTags(11)).crowded).toBe(true);
  expect(recipientsOf([...invalidTags(9), ...invalidTags(9), ...pTags(1)])).toMatchObject({
    crowded: false,
    keys: [tradeKey(0)],
  });
});

test('a crowded event stays crowded when more recipients are added', () => {
  const recipients = recipientsOf(pTags(11));
  recipients.add(tradeKey(1));
  expect(recipients.crowded).toBe(true);
});

test('the recipients of an event of any tags are distinct, at most ten, and all of them named', () => {
  fc.assert(
    fc.property(anyTags, (tags) => {
      const { keys } = recipientsOf(tags);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.length).toBeLessThanOrEqual(MAX_RECIPIENTS);
      const named = new Set(tags.filter(([name]) => name === 'p').map(([, value]) => value?.toLowerCase()));
      expect(keys.every((key) => named.has(key))).toBe(true);
    }),
  );
});

test('an event has no recipients before the first is added', () => {
  expect(new Recipients().keys).toEqual([]);
  expect(new Recipients().crowded).toBe(false);
});
