import { describe, expect, test } from 'vitest';

import { anyEndpoint, publicEndpoint } from './endpoint-guard.ts';

describe('an endpoint on the public internet', () => {
  test.each([
    'https://ntfy.sh/upAbCdEfGhIjKl?up=1',
    'https://push.example:8443/x',
    'https://8.8.8.8/x',
    'https://[2606:4700:4700::1111]/x',
    'https://localhost.example/x',
    'https://my.local.example/x',
    'https://push.example:1024/x',
    'https://push.example:65535/x',
    'https://push.example:443/x',
    'https://internal.example/x',
  ])('may be %s', (url) => {
    expect(publicEndpoint(new URL(url))).toBe(true);
  });

  test.each([
    ['is http', 'http://push.example/x'],
    ['is of another scheme', 'ftp://push.example/x'],
    ['is on a private address', 'https://192.168.1.1/x'],
    ['is on loopback', 'https://127.0.0.1/x'],
    ['is on loopback in hexadecimal', 'https://0x7f.1/x'],
    ['is on loopback as a number', 'https://2130706433/x'],
    ['is on loopback in octal', 'https://0177.0.0.1/x'],
    ['is on loopback with a dot behind it', 'https://127.0.0.1./x'],
    ['is on loopback in full-width digits', 'https://１２７.0.0.1/x'],
    ['asks the metadata of a cloud', 'https://169.254.169.254/latest'],
    ['is on IPv6 loopback', 'https://[::1]/x'],
    ['is on a mapped address', 'https://[::ffff:127.0.0.1]/x'],
    ['is on a mapped public address', 'https://[::ffff:8.8.8.8]/x'],
    ['is behind NAT64', 'https://[64:ff9b::7f00:1]/x'],
    ['is in 6to4', 'https://[2002:7f00:1::]/x'],
    ['is localhost', 'https://localhost/x'],
    ['is localhost in capitals', 'https://LOCALHOST/x'],
    ['is localhost with a dot behind it', 'https://localhost./x'],
    ['is below localhost', 'https://a.localhost/x'],
    ['is in .local', 'https://printer.local/x'],
    ['is in .local with a dot behind it', 'https://printer.local./x'],
    ['is in .internal', 'https://metadata.google.internal/x'],
    ['is localhost by its long name', 'https://localhost.localdomain/x'],
    ['has no dot', 'https://router/x'],
    ['has no dot but one behind it', 'https://router./x'],
    ['is on the port of SSH', 'https://push.example:22/x'],
    ['is on the port of SMTP', 'https://push.example:25/x'],
    ['is on the port of plain HTTP', 'https://push.example:80/x'],
    ['is on another port of the system', 'https://push.example:1023/x'],
    ['is on port 0', 'https://push.example:0/x'],
    ['is on the port of SIP', 'https://push.example:5060/x'],
    ['is on the port of IRC', 'https://push.example:6667/x'],
    ['is in .onion', 'https://hidden.onion/x'],
    ['is in .invalid', 'https://push.invalid/x'],
    ['is in .test', 'https://push.test./x'],
    ['is in .lan', 'https://nas.lan/x'],
    ['is in home.arpa', 'https://nas.home.arpa/x'],
  ])('is not one that %s', (_, url) => {
    expect(publicEndpoint(new URL(url))).toBe(false);
  });
});

describe('with private endpoints allowed', () => {
  test.each(['https://127.0.0.1/x', 'http://localhost:8080/x', 'http://[::1]/x'])(
    '%s is allowed as an endpoint',
    (url) => {
      expect(anyEndpoint(new URL(url))).toBe(true);
    },
  );

  test.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'javascript:0'])('%s is none', (url) => {
    expect(anyEndpoint(new URL(url))).toBe(false);
  });
});
