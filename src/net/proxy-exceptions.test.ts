import { expect, test } from 'vitest';

import { ProxyExceptions } from './proxy-exceptions.ts';

test.each([
  ['', 'https://push.example', false],
  ['*', 'https://push.example', true],
  ['push.example', 'https://push.example', true],
  ['push.example', 'https://a.push.example', true],
  ['push.example', 'https://notpush.example', false],
  ['.push.example', 'https://push.example', true],
  ['.push.example', 'https://a.push.example', true],
  ['*.push.example', 'https://a.push.example', true],
  ['PUSH.example.', 'https://push.EXAMPLE./', true],
  ['other.example, push.example', 'https://push.example', true],
  ['other.example push.example', 'https://push.example', true],
  ['push.example:443', 'https://push.example', true],
  ['push.example:443', 'wss://push.example', true],
  ['push.example:443', 'https://push.example:8443', false],
  ['push.example:80', 'ws://push.example', true],
  ['localhost,127.0.0.1', 'ws://127.0.0.1:7777', true],
  ['127.0.0.1:7777', 'ws://127.0.0.1:7777', true],
  ['127.0.0.1:7777', 'ws://127.0.0.1:7778', false],
  ['0.0.1', 'ws://127.0.0.1', false],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/33', 'https://10.1.2.3', false],
  ['fd00::/8', 'https://[fd12::1]', true],
  ['[fd00::]/8', 'https://[fe12::1]', false],
  ['::1', 'http://[::1]:8080', true],
  ['[::1]:8080', 'http://[::1]:8080', true],
  ['[::1]:8081', 'http://[::1]:8080', false],
  ['0:0:0:0:0:0:0:1', 'http://[::1]', true],
])('NO_PROXY %j excepts %s: %s', (written, url, isExcepted) => {
  // The URL standard gives ws: and wss: their ports, too.
  expect(new ProxyExceptions(written).has(new URL(url))).toBe(isExcepted);
});
