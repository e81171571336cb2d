import { expect, test } from 'vitest';

import { laneName } from './lane-name.ts';

test.each([
  ['https://push.example.com/up?id=1', 'example.com'],
  ['https://a.b.push.example.com/', 'example.com'],
  ['https://PUSH.Example.com:8443/x', 'example.com'],
  ['https://push.example.co.uk/x', 'example.co.uk'],
  ['https://alice.github.io/x', 'alice.github.io'],
  ['https://deep.alice.github.io/x', 'alice.github.io'],
  ['https://github.io/x', 'github.io'],
  ['https://192.0.2.7:8080/x', '192.0.2.7:8080'],
  ['https://8.8.8.8:8443/x', '8.8.8.8'],
  ['https://[2606:4700::1]:8443/x', '2606:4700:0::/48'],
  ['https://[2606:4700::ffff:1:2:3]/x', '2606:4700:0::/48'],
  ['https://[2606:4700:0:1::1]/x', '2606:4700:0::/48'],
  ['https://[2606:4700:1:2:3:4:5:6]/x', '2606:4700:1::/48'],
  ['https://[2606:4700:1::]/x', '2606:4700:1::/48'],
  ['https://[2001:db8::7]/x', '[2001:db8::7]'],
  ['https://localhost:2586/x', 'localhost:2586'],
  ['https://ntfy/x', 'ntfy'],
])('the endpoint %s belongs to the lane of %s', (endpoint, host) => {
  expect(laneName(endpoint)).toBe(`unifiedpush ${host}`);
});
