import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anyEvent, unsignedEvent } from '../../../test/support/events.ts';
import { asNostrEvent, expirationOf } from './nostr-event.ts';

describe('the shape of an event', () => {
  test('is right for any strings and numbers', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(asNostrEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
      }),
    );
  });

  test('is right with further members, which are left out', () => {
    expect(asNostrEvent({ ...unsignedEvent(), seen_on: ['wss://relay.example'] })).toEqual(unsignedEvent());
  });

  test.each<[string, unknown]>([
    ['no object', 7],
    ['null', null],
    ['an array', []],
    ...Object.keys(unsignedEvent()).map((name): [string, unknown] => [
      `without ${name}`,
      { ...unsignedEvent(), [name]: undefined },
    ]),
    ['with an id in upper case', { ...unsignedEvent(), id: 'A'.repeat(64) }],
    ['with an id too short', { ...unsignedEvent(), id: 'a'.repeat(63) }],
    ['with an id and a line end', { ...unsignedEvent(), id: `${'a'.repeat(64)}\n` }],
    ['with a public key in upper case', { ...unsignedEvent(), pubkey: 'B'.repeat(64) }],
    ['with a signature too long', { ...unsignedEvent(), sig: 'd'.repeat(130) }],
    ['with half a second', { ...unsignedEvent(), created_at: 1.5 }],
    ['with a time in a string', { ...unsignedEvent(), created_at: '17' }],
    ['with a kind beyond whole numbers', { ...unsignedEvent(), kind: 1e300 }],
    ['with content that is no text', { ...unsignedEvent(), content: {} }],
    ['with tags that are no array', { ...unsignedEvent(), tags: { 0: ['p'] } }],
    ['with a tag that is a text', { ...unsignedEvent(), tags: ['p'] }],
    ['with a number in a tag', { ...unsignedEvent(), tags: [['p', 1]] }],
    ['with null in a tag', { ...unsignedEvent(), tags: [['p', null]] }],
  ])('is wrong: %s', (_, value) => {
    expect(asNostrEvent(value)).toBeUndefined();
  });

  test('is checked without a throw, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => asNostrEvent(value)).not.toThrow();
      }),
    );
  });
});

test.each([
  ['is the number in its tag', [['expiration', '1700000000']], 1_700_000_000],
  ['may be zero', [['expiration', '0']], 0],
  [
    'is that of the first tag of several',
    [
      ['p', 'x'],
      ['expiration', '5'],
      ['expiration', '9'],
    ],
    5,
  ],
  ['does not exist without a tag', [['p', '1700000000']], undefined],
  ['does not exist without a value', [['expiration']], undefined],
  ['is no negative number', [['expiration', '-1']], undefined],
  ['is no word', [['expiration', 'soon']], undefined],
  ['is no empty text', [['expiration', '']], undefined],
  ['is no number of forty digits', [['expiration', '9'.repeat(40)]], undefined],
])('the expiration of an event %s', (_, tags, expected) => {
  expect(expirationOf(unsignedEvent({ tags }))).toBe(expected);
});
