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

test('the recipients of an event are nobody where the value is missing or no key', () => {
  expect(recipientsOf([['p'], ['p', ''], ['p', 'npub1x'], ['p', `${tradeKey(1)}0`], []]).keys).toEqual([]);
});

test('the recipients of an event may be ten, however often each is named', () => {
  const recipients = recipientsOf([...pTags(10), ...pTags(10)]);
  expect(recipients.keys).toHaveLength(MAX_RECIPIENTS);
  expect(recipients.crowded).toBe(false);
});

test('the recipients of an event are a crowd from eleven on, of which ten are known', () => {
  const recipients = recipientsOf(pTags(11));
  expect(recipients.keys).toHaveLength(MAX_RECIPIENTS);
  expect(recipients.crowded).toBe(true);
});

test('the recipients of an event are a crowd by their distinct values, keys or not', () => {
  expect(recipientsOf([...invalidTags(10), ...pTags(1)])).toMatchObject({ crowded: true, keys: [] });
  expect(recipientsOf([...pTags(5), ...invalidTags(6)]).crowded).toBe(true);
  expect(recipientsOf(invalidTags(11)).crowded).toBe(true);
  expect(recipientsOf([...invalidTags(9), ...invalidTags(9), ...pTags(1)])).toMatchObject({
    crowded: false,
    keys: [tradeKey(0)],
  });
});

test('the recipients of an event stay a crowd whatever is added', () => {
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

test('the recipients of an event are nobody to begin with', () => {
  expect(new Recipients().keys).toEqual([]);
  expect(new Recipients().crowded).toBe(false);
});
