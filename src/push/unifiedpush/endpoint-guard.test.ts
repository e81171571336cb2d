import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { anyEndpoint, lookupPublic, publicEndpoint } from './endpoint-guard.ts';

describe('an endpoint of the public internet', () => {
  test.each([
    'https://ntfy.sh/upAbCdEfGhIjKl?up=1',
    'https://push.example:8443/x',
    'https://8.8.8.8/x',
    'https://[2606:4700:4700::1111]/x',
    'https://localhost.example/x',
    'https://mylocal/x',
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
    ['is in home.arpa', 'https://nas.home.arpa/x'],
  ])('is none that %s', (_, url) => {
    expect(publicEndpoint(new URL(url))).toBe(false);
  });
});

describe('with the guard off', () => {
  test.each(['https://127.0.0.1/x', 'http://localhost:8080/x', 'http://[::1]/x'])(
    '%s is an endpoint',
    (url) => {
      expect(anyEndpoint(new URL(url))).toBe(true);
    },
  );

  test.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'javascript:0'])('%s is none', (url) => {
    expect(anyEndpoint(new URL(url))).toBe(false);
  });
});

describe('a name that leads to no public address', () => {
  // Known to have no public address without asking the network (RFC 6761).
  test('is refused in words that do not name it', async () => {
    const error = await promisify(lookupPublic)('localhost', { all: true }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: expect.stringMatching(/^E[A-Z]+$/), message: 'no public address' });
    expect(JSON.stringify(error)).not.toContain('localhost');
  });
});
