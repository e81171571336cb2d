import { expect, test } from 'vitest';

import { unsignedEvent } from '../../../test/support/events.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { asNostrEvent } from '../../core/nostr/nostr-event.ts';
import { scanEventFrame } from './event-frame.ts';

const EVENT = unsignedEvent({ tags: [['p', tradeKey(1)]] });

function frameOf(event: object, subscription = 'wake-1059'): string {
  return JSON.stringify(['EVENT', subscription, event]);
}

/** The usual event with one member written in another way. */
function frameWith(name: keyof typeof EVENT, json: string): string {
  const members = Object.entries(EVENT).map(
    ([other, value]) => `"${other}":${other === name ? json : JSON.stringify(value)}`,
  );
  return `["EVENT","wake-1059",{${members.join(',')}}]`;
}

function scan(text: string): ReturnType<typeof scanEventFrame> {
  return scanEventFrame(Buffer.from(text));
}

function keysIn(text: string): readonly string[] | undefined {
  return scan(text)?.recipients.keys;
}

test('in a frame of the usual form, the subscription, the id and the kind are those of the frame', () => {
  expect(scan(frameOf(EVENT))).toMatchObject({ subscription: 'wake-1059', id: EVENT.id, kind: 1059 });
});

test('in a frame of the usual form, the whole event can be had afterwards', () => {
  expect(asNostrEvent(scan(frameOf(EVENT))?.parse())).toEqual(EVENT);
});

test('in a frame of the usual form, pretty-printed JSON is read like any other', () => {
  const text = JSON.stringify(['EVENT', 's', EVENT], null, 2);
  expect(scan(text)).toMatchObject({ id: EVENT.id, kind: 1059 });
  expect(keysIn(text)).toEqual([tradeKey(1)]);
});

test('in a frame of the usual form, the order of the members does not matter', () => {
  const text = frameOf(Object.fromEntries(Object.entries(EVENT).toReversed()));
  expect(scan(text)).toMatchObject({ id: EVENT.id, kind: 1059 });
});

test('in a frame of the usual form, an event with empty tags has no recipients', () => {
  expect(keysIn(frameWith('tags', '[]'))).toEqual([]);
  expect(keysIn(frameWith('tags', '[[],["p"]]'))).toEqual([]);
});

test('in a frame of the usual form, members that an event does not have are passed over, whatever they hold', () => {
  const text = frameOf({ extra: { p: [['p', tradeKey(9)], -1.5e3, true, null] }, ...EVENT });
  expect(keysIn(text)).toEqual([tradeKey(1)]);
});

test('of the recipients of a frame, every p tag counts, not only the first', () => {
  const tags = [
    ['p', tradeKey(1)],
    ['p', tradeKey(2), 'wss://relay.example'],
    ['p', tradeKey(3)],
  ];
  expect(keysIn(frameOf({ ...EVENT, tags }))).toEqual([tradeKey(1), tradeKey(2), tradeKey(3)]);
});

test('of the recipients of a frame, a p tag counts wherever it stands among the tags', () => {
  const tags = [
    ['e', 'x'],
    ['expiration', '17'],
    ['p', tradeKey(4)],
  ];
  expect(keysIn(frameOf({ ...EVENT, tags }))).toEqual([tradeKey(4)]);
});

test('of the recipients of a frame, a p tag inside the content is text', () => {
  const content = `","tags":[["p","${tradeKey(9)}"]],"x":"\\`;
  expect(keysIn(frameOf({ ...EVENT, content }))).toEqual([tradeKey(1)]);
});

test('of the recipients of a frame, a p inside the value of another tag is text', () => {
  const tags = [
    ['e', 'p', tradeKey(9)],
    ['P', tradeKey(8)],
    ['pp', tradeKey(7)],
    ['', 'p', tradeKey(6)],
  ];
  expect(keysIn(frameOf({ ...EVENT, tags }))).toEqual([]);
});

test('of the recipients of a frame, only the second element of a p tag is its value', () => {
  const tags = [['p', 'nobody', tradeKey(9)]];
  expect(keysIn(frameOf({ ...EVENT, tags }))).toEqual([]);
});

test('of the recipients of a frame, an upper-case p value is the same key in lower case', () => {
  const tags = [['p', tradeKey(0xabcdef).toUpperCase()]];
  expect(keysIn(frameOf({ ...EVENT, tags }))).toEqual([tradeKey(0xabcdef)]);
});

test('of the recipients of a frame, an event for eleven keys is crowded', () => {
  const tags = Array.from({ length: 11 }, (_, n) => ['p', tradeKey(n)]);
  expect(scan(frameOf({ ...EVENT, tags }))?.recipients.crowded).toBe(true);
});

test.each([
  ['an escape in the id', frameWith('id', `"\\u0061${'a'.repeat(63)}"`)],
  ['an escape in a p value', frameWith('tags', `[["p","\\u0030${tradeKey(1).slice(1)}"]]`)],
  ['an escape in the name of a tag', frameWith('tags', `[["\\u0070","${tradeKey(1)}"]]`)],
  ['an escape in the name of a member', frameOf(EVENT).replace('"kind"', String.raw`"k\u0069nd"`)],
  ['an escape in the subscription', frameOf(EVENT, 'a"b')],
  ['a subscription that is not ASCII', frameOf(EVENT, 'wäke')],
  ['a subscription that is no string', '["EVENT",7,{}]'],
  ['a second id', frameOf(EVENT).replace('"id"', `"id":"${'e'.repeat(64)}","id"`)],
  ['a second kind', frameOf(EVENT).replace('"kind"', '"kind":14,"kind"')],
  ['a second content', frameOf(EVENT).replace('"content"', '"content":"","content"')],
  ['second tags', frameOf(EVENT).replace('"tags"', '"tags":[],"tags"')],
  ['no id', frameOf({ ...EVENT, id: undefined })],
  ['no kind', frameOf({ ...EVENT, kind: undefined })],
  ['no tags', frameOf({ ...EVENT, tags: undefined })],
  ['tags that are no array', frameWith('tags', '{"p":1}')],
  ['a tag that is no array', frameWith('tags', '["p"]')],
  ['a tag with a number in it', frameWith('tags', '[["p",7]]')],
  ['a comma too many', frameWith('tags', '[["p","x"],]')],
  ['nesting deeper than 16', frameOf({ x: JSON.parse(`${'['.repeat(18)}${']'.repeat(18)}`), ...EVENT })],
  ['text after the frame', `${frameOf(EVENT)} []`],
  ['a fourth element', frameOf(EVENT).replace(/\]$/, ',1]')],
  ['another command', frameOf(EVENT).replace('EVENT', 'EVENTS')],
  ['an empty event', '["EVENT","s",{}]'],
  ['a byte order mark', `\u{feff}${frameOf(EVENT)}`],
])('the scan leaves unread %s', (_, text) => {
  expect(scan(text)).toBeUndefined();
});

test.each(['1e3', '14.0', '-14', '014', '1000000', '99999999999999999999', '"14"', 'null', '1 4', ''])(
  'the scan leaves unread a kind written as %s',
  (kind) => {
    expect(scan(frameWith('kind', kind))).toBeUndefined();
  },
);

test.each(['1e9', '1767225600.0', '-1', '01', '1767225600123', 'falsetrue', '"1767225600"', 'null', ''])(
  'the scan leaves unread a time written as %s',
  (time) => {
    expect(scan(frameWith('created_at', time))).toBeUndefined();
  },
);

test('the scan leaves unread a frame cut off at any byte', () => {
  const bytes = Buffer.from(frameOf({ ...EVENT, content: 'grüße "\\' }));
  const answers = Array.from({ length: bytes.length }, (_, end) => scanEventFrame(bytes.subarray(0, end)));
  expect(answers.filter((frame) => frame !== undefined)).toEqual([]);
});

test.each([
  ['as it is', '"grüße"', 'grüße'],
  ['with escapes', String.raw`"\u0067r\/\n"`, 'gr/\n'],
  ['empty', '""', ''],
  ['as none, where it is no JSON', '"\n"', ''],
])('the content is read when it is asked for %s', (_, json, content) => {
  const event = scan(frameWith('content', json))?.parse();
  const written = { tags: Buffer.from(JSON.stringify(EVENT.tags)), content: Buffer.from(json) };
  expect(event).toMatchObject({ id: EVENT.id, tags: EVENT.tags, written });
  expect(event?.content).toBe(content);
});

test.each([
  ['an id that is no hex', frameWith('id', '"x"')],
  ['a signature that is no hex', frameWith('sig', '"x"')],
  ['a content that is no string', frameWith('content', '7')],
  ['no content', frameOf({ ...EVENT, content: undefined })],
])('an event that the scan lets through is still checked when it is parsed %s', (_, text) => {
  expect(scan(text)).toBeDefined();
  expect(scan(text)?.parse()).toBeUndefined();
});
