import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseRelayUrl } from './relay-url.ts';

const PUBLISHED = { credentials: false };

test.each([
  ['wss://relay.example', 'wss://relay.example'],
  ['wss://relay.example/', 'wss://relay.example'],
  ['WSS://Relay.EXAMPLE:443/', 'wss://relay.example'],
  ['ws://relay.example:80', 'ws://relay.example'],
  ['ws://relay.example:443', 'ws://relay.example:443'],
  ['wss://relay.example/#top', 'wss://relay.example'],
  ['wss://relay.example/#', 'wss://relay.example'],
  ['wss://relay.example/?', 'wss://relay.example'],
  ['wss://relay.example?x=/', 'wss://relay.example/?x=/'],
  ['wss://relay.example/Nostr', 'wss://relay.example/Nostr'],
  ['wss://relay.example/nostr/', 'wss://relay.example/nostr/'],
  ['ws://127.0.0.1:7000/nostr?x=1', 'ws://127.0.0.1:7000/nostr?x=1'],
  ['ws://[::1]:7000/', 'ws://[::1]:7000'],
  [' wss://relay.example\n', 'wss://relay.example'],
])('the address of a relay %j is %j', (written, url) => {
  expect(parseRelayUrl(written, PUBLISHED)).toBe(url);
});

test.each([
  '',
  'relay.example',
  'https://relay.example',
  'wss://',
  'wss://relay example',
  'wss://user@relay.example',
  'wss://user:secret@relay.example',
  'wss://:secret@relay.example',
  'javascript:wss://relay.example',
])('the address of a relay is not %j', (written) => {
  expect(parseRelayUrl(written, PUBLISHED)).toBeUndefined();
});

test.each([
  ['wss://user@relay.example', 'wss://user:@relay.example'],
  ['WSS://user:Secret@Relay.example/', 'wss://user:Secret@relay.example'],
  ['wss://us%40er:a%3Ab@relay.example/x', 'wss://us%40er:a%3Ab@relay.example/x'],
])('the address of a relay may have credentials where they are allowed: %j', (written, url) => {
  expect(parseRelayUrl(written, { credentials: true })).toBe(url);
});

test('the address of a relay comes out the same when it is read again', () => {
  const part = fc.constantFrom('/', '//', '.', '?', '#', ':', '@', '%', 'x', 'É', ' ', '\\', ':80', ':443');
  const parts = fc.array(part).map((some) => `http://a.example${some.join('')}`);
  const rest = fc.oneof(fc.webUrl(), parts, fc.string());
  fc.assert(
    fc.property(fc.constantFrom('ws:', 'wss:'), rest, fc.boolean(), (scheme, written, credentials) => {
      const url = parseRelayUrl(written.replace(/^https?:/, scheme), { credentials });
      if (url !== undefined) expect(parseRelayUrl(url, { credentials })).toBe(url);
    }),
  );
});
