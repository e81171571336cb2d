import { expect, test } from 'vitest';

import { readRedirect, type Redirect } from './redirect.ts';

test.each<[location: string | undefined, dialled: string, Redirect]>([
  ['https://new.example/x?y', 'wss://old.example', { to: 'another host', host: 'wss://new.example' }],
  ['HTTPS://New.Example:8443', 'wss://old.example', { to: 'another host', host: 'wss://new.example:8443' }],
  ['https://bücher.example', 'ws://old.example', { to: 'another host', host: 'wss://xn--bcher-kva.example' }],
  ['https://[2606:4700::1]/', 'ws://old.example', { to: 'another host', host: 'wss://[2606:4700::1]' }],
  ['https://old.example/', 'ws://old.example', { to: 'another host', host: 'wss://old.example' }],
  ['https://old.example:444/', 'wss://old.example', { to: 'another host', host: 'wss://old.example:444' }],
  ['http://old.example/', 'wss://old.example', { to: 'no TLS', host: 'ws://old.example' }],
  ['ws://new.example/', 'wss://old.example', { to: 'no TLS', host: 'ws://new.example' }],
  ['https://192.168.1.5/', 'ws://192.168.1.5', { to: 'another host', host: 'wss://192.168.1.5' }],
  ['/elsewhere', 'wss://old.example/here', { to: 'another path' }],
  ['https://old.example/elsewhere', 'wss://old.example/here', { to: 'another path' }],
  ['https://192.168.1.6/', 'ws://192.168.1.5', { to: 'a private address' }],
  ['https://169.254.169.254/latest', 'wss://old.example', { to: 'a private address' }],
  ['https://0x7f.1/', 'wss://old.example', { to: 'a private address' }],
  ['https://[::ffff:10.0.0.1]/', 'wss://old.example', { to: 'a private address' }],
  ['https://router.lan/', 'wss://old.example', { to: 'a private address' }],
  [undefined, 'wss://old.example', { to: 'nowhere' }],
  ['', 'wss://old.example/here', { to: 'another path' }],
  ['https://', 'wss://old.example', { to: 'nowhere' }],
  ['ftp://new.example/', 'wss://old.example', { to: 'nowhere' }],
  ['javascript:alert(1)', 'wss://old.example', { to: 'nowhere' }],
  ['data:text/html,x', 'wss://old.example', { to: 'nowhere' }],
  ['https://a"b\'{c}`/', 'wss://old.example', { to: 'nowhere' }],
  [`https://${'a.'.repeat(200)}example/`, 'wss://old.example', { to: 'nowhere' }],
])('a redirect to %j from %s is read as %o', (location, dialled, redirect) => {
  expect(readRedirect(location, dialled)).toEqual(redirect);
});
