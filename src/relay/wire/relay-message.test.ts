import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyEvent, unsignedEvent } from '../../../test/support/events.ts';
import { anyJsonTextOf } from '../../../test/support/json-text.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { recipientsOf } from '../../core/nostr/recipients.ts';
import { asNostrEvent } from '../../core/nostr/nostr-event.ts';
import { readMessage } from '../../../test/support/frames/read-message.ts';
import type { RelayMessage } from './relay-message.ts';

function read(text: string): ReturnType<typeof readMessage> {
  return readMessage(Buffer.from(text));
}

function eventIn(text: string): Extract<RelayMessage, { type: 'EVENT' }>['frame'] {
  const message = read(text);
  if (typeof message === 'string' || message.type !== 'EVENT') throw new Error(`no EVENT: ${text}`);
  return message.frame;
}

/** An EVENT frame that only `JSON.parse` reads, with its subscription as it is written. */
function unusual(subscription: string, content: string): string {
  return `["EVENT","${subscription}",${JSON.stringify(unsignedEvent({ content }))}, "more"]`;
}

test('of the messages of relays, EOSE names its subscription', () => {
  expect(read('["EOSE","sub"]')).toEqual({ type: 'EOSE', subscription: 'sub' });
});

test.each([
  [['AUTH', 'challenge', 'more'], { type: 'AUTH', challenge: 'challenge' }],
  [['OK', 'id', true, 'secret'], { type: 'OK', id: 'id', accepted: true }],
  [['OK', 'id', false, 'secret'], { type: 'OK', id: 'id', accepted: false }],
  [['OK', 'id', 'true'], { type: 'OK', id: 'id', accepted: false }],
  [['AUTH'], 'not_nip01'],
  [['OK', 1, true], 'not_nip01'],
])('of the messages of relays, %j is read', (message, expected) => {
  expect(read(JSON.stringify(message))).toEqual(expected);
});

test.each(['NOTICE'])('of the messages of relays, %s is known, and its text is not kept', (type) => {
  expect(read(JSON.stringify([type, 'secret', true, 'more']))).toEqual({ type });
});

test.each([
  'duplicate',
  'pow',
  'blocked',
  'rate-limited',
  'invalid',
  'restricted',
  'mute',
  'error',
  'auth-required',
  'unsupported',
])('of the messages of relays, CLOSED with the prefix %s says so, without the text', (reason) => {
  const message = read(JSON.stringify(['CLOSED', 'sub', `${reason}: the text of the relay`]));
  expect(message).toEqual({ type: 'CLOSED', subscription: 'sub', reason });
});

test.each([
  ['ERROR: auth-required: requested filter requires authentication', 'auth-required'],
  ['ERROR: bad req: unrecognised filter item: x', 'invalid'],
  ['ERROR: too slow', 'error'],
  ['error: duplicate: x', 'duplicate'],
])('of the messages of relays, CLOSED with "%s", as strfry writes it, has the reason %s', (text, reason) => {
  expect(read(JSON.stringify(['CLOSED', 'sub', text]))).toMatchObject({ reason });
});

test('of the messages of relays, a NOTICE of monstr that there are too many subscriptions is understood', () => {
  const text = 'REQ new sub_id a not allowed, already at max subs=1';
  expect(read(JSON.stringify(['NOTICE', text]))).toEqual({ type: 'NOTICE', isTooMany: true });
});

test.each(['', 'bye', 'Blocked: no', 'blocked by us: no', 'constructor: x', ': blocked'])(
  'of the messages of relays, CLOSED with "%s" has another reason',
  (text) => {
    expect(read(JSON.stringify(['CLOSED', 'sub', text]))).toMatchObject({ reason: 'other' });
  },
);

test.each(['["CLOSED","sub"]', '["CLOSED","sub",7]'])(
  'of the messages of relays, %s has another reason',
  (text) => {
    expect(read(text)).toMatchObject({ type: 'CLOSED', reason: 'other' });
  },
);

test.each(['', '[', 'EVENT', '["EOSE","x"', '["EOSE","x"]]', '{"a":}', '\u{feff}["EOSE","x"]'])(
  'of texts that are no message of NIP-01, %j is no JSON',
  (text) => {
    expect(read(text)).toBe('not_json');
  },
);

test.each([
  'null',
  '7',
  '"EVENT"',
  '{"0":"EOSE","1":"x"}',
  '[]',
  '[["EOSE"],"x"]',
  '["eose","x"]',
  '["COUNT","x",{}]',
  '["EOSE"]',
  '["EOSE",1]',
  '["CLOSED"]',
  '["CLOSED",null,"error: x"]',
  '["EVENT"]',
  '["EVENT","s"]',
  '["EVENT","s",null]',
  '["EVENT","s",[]]',
  '["EVENT","s",{}]',
])('of texts that are no message of NIP-01, %s is JSON but no message', (text) => {
  expect(read(text)).toBe('not_nip01');
});

test('of texts that are no message of NIP-01, an event with a subscription that is no string is no message', () => {
  expect(read(JSON.stringify(['EVENT', 7, unsignedEvent()]))).toBe('not_nip01');
});

test('of texts that are no message of NIP-01, JSON nested a hundred thousand deep is dropped like any other', () => {
  expect(read('['.repeat(100_000) + ']'.repeat(100_000))).toBe('not_nip01');
  expect(read('['.repeat(100_000))).toBe('not_json');
});

test('of texts that are no message of NIP-01, no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(() => readMessage(Buffer.from(bytes))).not.toThrow();
    }),
    { numRuns: 2000 },
  );
});

test('of texts that are no message of NIP-01, no JSON makes it throw', () => {
  const command = fc.constantFrom('EVENT', 'EOSE', 'CLOSED', 'NOTICE', 'OK', 'AUTH');
  const element = fc.jsonValue({ depthSize: 'small' });
  fc.assert(
    fc.property(command, fc.array(element), (type, rest) => {
      expect(() => read(JSON.stringify([type, ...rest]))).not.toThrow();
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['1e3', 1000],
  ['14.0', 14],
  ['-14', -14],
  ['1000000', 1_000_000],
])('in an EVENT of an unusual form, a kind written as %s is %i', (written, kind) => {
  const text = JSON.stringify(['EVENT', 's', unsignedEvent()]).replace('"kind":1059', `"kind":${written}`);
  expect(eventIn(text).kind).toBe(kind);
});

test('in an EVENT of an unusual form, a kind beyond all whole numbers is no event', () => {
  const text = JSON.stringify(['EVENT', 's', unsignedEvent()]).replace(':1059', ':99999999999999999999');
  expect(read(text)).toBe('not_nip01');
});

test('in an EVENT of an unusual form, of two members with one name the last counts, as for JSON.parse', () => {
  const tags = JSON.stringify([['p', tradeKey(7)]]);
  const text = JSON.stringify(['EVENT', 's', unsignedEvent()]).replace(/\}\]$/, `,"tags":${tags}}]`);
  expect(eventIn(text).recipients.keys).toEqual([tradeKey(7)]);
  expect(eventIn(text).parse()?.tags).toEqual([['p', tradeKey(7)]]);
});

test('in an EVENT of an unusual form, its fingerprint is that of the event alone, also where the subscription is spelt unusually', () => {
  const prints = [
    unusual('ab', 'one'),
    unusual(String.raw`a\u0062`, 'one'),
    unusual(String.raw`a\u0062`, 'two'),
  ].map((text) => eventIn(text).fingerprint());
  expect([prints[0] === prints[1], prints[1] === prints[2]]).toEqual([true, false]);
});

test('in an EVENT of an unusual form, escapes in names, ids and keys mean what they mean to JSON.parse', () => {
  const tags = [['p', tradeKey(5)]];
  const text = JSON.stringify(['EVENT', 's', unsignedEvent({ tags })])
    .replace('"p"', String.raw`"\u0070"`)
    .replace('"tags"', String.raw`"t\u0061gs"`);
  expect(eventIn(text).recipients.keys).toEqual([tradeKey(5)]);
});

test('in an EVENT of an unusual form, any event in any spelling is an EVENT with the same id, kind, recipients and members', () => {
  const spelt = anyEvent.chain((event) =>
    anyJsonTextOf(['EVENT', 'sub', event]).map((text) => ({ event, text })),
  );
  fc.assert(
    fc.property(spelt, ({ event, text }) => {
      const frame = eventIn(text);
      expect(frame).toMatchObject({ subscription: 'sub', id: event.id, kind: event.kind });
      const { keys, crowded } = recipientsOf(event.tags);
      expect(frame.recipients).toHaveProperty('crowded', crowded);
      expect(frame.recipients.keys).toEqual(keys);
      expect(asNostrEvent(frame.parse())).toEqual(event);
    }),
    { numRuns: 1000 },
  );
});
