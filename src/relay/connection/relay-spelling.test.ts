import { expect, test } from 'vitest';

import { RelaySpelling } from './relay-spelling.ts';

test.each([
  ['wss://relay.example', 'wss://relay.example', 'wss://relay.example/'],
  ['wss://relay.example/', 'wss://relay.example/', 'wss://relay.example'],
  ['WSS://Relay.Example:443', 'WSS://Relay.Example:443', 'wss://relay.example/'],
  ['wss://relay.example/nostr', 'wss://relay.example/nostr', 'wss://relay.example/nostr/'],
  ['wss://relay.example/nostr/?x=1', 'wss://relay.example/nostr/?x=1', 'wss://relay.example/nostr?x=1'],
  ['wss://relay.example?x=/', 'wss://relay.example?x=/', 'wss://relay.example/?x=/'],
  ['wss://user:secret@relay.example/', 'wss://relay.example/', 'wss://relay.example'],
])(
  'the URL %s of a relay is written as it stands, and after a refusal in its other form',
  (written, first, second) => {
    const spelling = new RelaySpelling(written);
    const before = spelling.url;
    spelling.change();
    const after = spelling.url;
    spelling.change();
    expect([before, after, spelling.url]).toEqual([first, second, first]);
  },
);

test('a URL that is configured anew is written in the new way, also after a refusal of the old one', () => {
  const spelling = new RelaySpelling('wss://relay.example');
  spelling.change();
  const changes = ['WSS://relay.example', 'WSS://relay.example'].map((written) => spelling.rewrite(written));
  expect([changes, spelling.url]).toEqual([[true, false], 'WSS://relay.example']);
});
