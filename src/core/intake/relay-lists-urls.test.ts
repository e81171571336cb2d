import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyTags } from '../../../test/support/events.ts';
import { hex, tradeKey } from '../../../test/support/registrations.ts';
import { ALICE, BOB, CAROL, relayListScene, relays } from '../../../test/support/relay-lists.ts';
import { MAX_DISCOVERED_RELAYS } from './relay-lists.ts';

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${name}${n}`);
}

function urlsOf(tags: readonly (readonly string[])[]): readonly string[] {
  const { lists, list } = relayListScene();
  expect(lists.adopt(list(tags))).toBe('adopted');
  return lists.urls();
}

test.each([
  [['r', 'wss://a.example']],
  [['r', 'wss://a.example', '']],
  [['r', 'wss://a.example', 'write']],
  [['r', 'wss://a.example', 'write', 'read']],
  [['r', 'wss://a.example#top']],
  [['r', `wss://a.example${' '.repeat(497)}`]],
])('an r tag %j counts', (tag) => {
  expect(urlsOf([tag])).toEqual(['wss://a.example']);
});

test.each([
  [[]],
  [['r']],
  [['r', '']],
  [['r', 'wss://a.example', 'read']],
  [['r', 'wss://a.example', 'Write']],
  [['r', 'wss://a.example', ' ']],
  [['R', 'wss://a.example']],
  [['p', 'wss://a.example']],
  [['r', 'https://a.example']],
  [['r', 'a.example']],
  [['r', 'wss://user@a.example']],
  [['r', 'wss://user:secret@a.example']],
])('an r tag %j does not count', (tag) => {
  expect(urlsOf([tag])).toEqual([]);
});

test('an r tag counts up to 512 characters, as written and as encoded', () => {
  const longest = `wss://a.example/${'a'.repeat(496)}`;
  expect(urlsOf([['r', longest]])).toEqual([longest]);
  expect(urlsOf([['r', `${longest}a`]])).toEqual([]);
  expect(urlsOf([['r', `wss://a.example/${'é'.repeat(83)}`]])).toEqual([]);
  expect(urlsOf([['r', `wss://a.example${' '.repeat(498)}`]])).toEqual([]);
});

test('an r tag whose relay the guard refuses does not count, and takes no place', () => {
  const { lists, list } = relayListScene(({ hostname }) => !hostname.startsWith('u'));
  lists.adopt(list(relays(...numbered('u', 100), ...numbered('a', 30))));
  expect(lists.urls()).toEqual(numbered('a', 20).map((name) => `wss://${name}.example`));
});

test('an r tag counts once, in however many ways it is written', () => {
  const ways = ['wss://a.example', 'wss://A.example/', 'wss://a.example:443', 'wss://a.example/#x'];
  expect(urlsOf(ways.map((way) => ['r', way]))).toEqual(['wss://a.example']);
});

test('an r tag stays as it is written, because a relay may compare what names it with its own URL', () => {
  expect(urlsOf([['r', 'WSS://A.Example:443/#top']])).toEqual(['WSS://A.Example:443/']);
});

test('of many relays the first twenty count', () => {
  const first = numbered('r', MAX_DISCOVERED_RELAYS).map((name) => `wss://${name}.example`);
  expect(urlsOf(relays(...numbered('r', 500)))).toEqual(first);
});

test('of many relays those in tags that do not count take no place', () => {
  const useless = numbered('u', 100).map((name) => ['r', `wss://${name}.example`, 'read']);
  const again = Array.from({ length: 100 }, () => ['r', 'wss://a.example']);
  expect(urlsOf([...useless, ...again, ...relays('b')])).toEqual(['wss://a.example', 'wss://b.example']);
});

test('of many relays each instance has its share, in turn, in the order of the instances', () => {
  const { lists, list } = relayListScene();
  lists.adopt(list(relays('c0'), { pubkey: CAROL }));
  lists.adopt(list(relays(...numbered('b', 30)), { pubkey: BOB }));
  lists.adopt(list(relays(...numbered('a', 30))));
  const hosts = lists.urls().map((url) => new URL(url).host.replace('.example', ''));
  expect(hosts.slice(0, 7)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'b2']);
  expect(hosts).toHaveLength(MAX_DISCOVERED_RELAYS);
  expect(hosts.slice(-2)).toEqual(['b8', 'a9']);
});

test('of many relays one that two instances name takes one place, and the other place is used', () => {
  const { lists, list } = relayListScene();
  const shared = numbered('s', 15);
  lists.adopt(list(relays(...shared, ...numbered('a', 15))));
  lists.adopt(list(relays(...shared, ...numbered('b', 15)), { pubkey: BOB }));
  const expected = [...shared, 'a0', 'b0', 'a1', 'b1', 'a2'].map((name) => `wss://${name}.example`);
  expect(lists.urls()).toEqual(expected);
});

const address = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }).map((url) => url.replace(/^https?/, 'wss')),
  fc.nat(40).map((n) => `ws://r${n}.example`),
  fc.constantFrom('wss://', 'wss://u:p@a.example', 'wss://[::1]', 'wss:a', 'WSS:\\\\b', '__proto__'),
  fc.string({ unit: 'binary', maxLength: 600 }),
);
const marker = fc.oneof(fc.constantFrom('', 'read', 'write'), fc.string());
const relayTag = fc
  .tuple(fc.constant('r'), address, marker)
  .chain((tag) => fc.nat(3).map((length) => tag.slice(0, length)));
const tags = fc.oneof(anyTags, fc.array(fc.oneof(relayTag, fc.array(fc.string())), { maxLength: 60 }));
const author = fc.constantFrom(ALICE, BOB, CAROL, tradeKey(4));

test('any r tags give at most twenty distinct ws and wss addresses, and nothing is thrown', () => {
  const adopt = fc.tuple(author, tags, hex(64), fc.integer());
  fc.assert(
    fc.property(fc.array(adopt, { maxLength: 6 }), (offers) => {
      const { lists, list } = relayListScene();
      for (const [pubkey, written, id, seconds] of offers) {
        lists.adopt(list(written, { pubkey, id, created_at: seconds }));
      }
      const urls = lists.urls();
      expect(urls.length).toBeLessThanOrEqual(20);
      expect(new Set(urls).size).toBe(urls.length);
      for (const url of urls) {
        expect(new URL(url).protocol).toMatch(/^wss?:$/);
        expect(url.length).toBeLessThanOrEqual(512);
        expect(new URL(url)).toMatchObject({ username: '', password: '', hash: '' });
      }
    }),
  );
});
