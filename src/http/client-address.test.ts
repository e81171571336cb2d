import { describe, expect, test } from 'vitest';

import { allowancesOf, clientAddress, hasProxyHeaders } from './client-address.ts';

const SOCKET = '192.0.2.9';

describe('the address of a client', () => {
  test('is the address of the socket, whatever the headers say', () => {
    const headers = { 'x-forwarded-for': '203.0.113.1', 'fly-client-ip': '203.0.113.2' };
    expect(clientAddress('socket', headers, SOCKET)).toBe(SOCKET);
  });

  test.each([
    ['203.0.113.1', '203.0.113.1'],
    ['10.0.0.1, 203.0.113.1', '203.0.113.1'],
    ['1.1.1.1,2.2.2.2,  203.0.113.1  ', '203.0.113.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['x, 2001:DB8::1', '2001:DB8::1'],
    ['203.0.113.1:4711', '203.0.113.1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['203.0.113.1:_hidden', '203.0.113.1'],
    ['"203.0.113.1"', '203.0.113.1'],
    ['"203.0.113.1:4711"', '203.0.113.1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['[::ffff:203.0.113.1]:4711', '::ffff:203.0.113.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['"a, 203.0.113.1', '203.0.113.1'],
  ])('is the rightmost of X-Forwarded-For %j: %s', (header, address) => {
    expect(clientAddress('x-forwarded-for', { 'x-forwarded-for': header }, SOCKET)).toBe(address);
  });

  test.each([
    '',
    ',',
    '203.0.113.1,',
    '203.0.113.1, unknown',
    '203.0.113.1, _hidden',
    '203.0.113.1, 1',
    '203.0.113.1, 0x7f.1',
    '203.0.113.1, 1.2.3.4.5',
    '203.0.113.1, 2001:db8:::1',
    '203.0.113.1, 1.2.3.4:x',
    '203.0.113.1, "1.2.3.4',
    '203.0.113.1, [1.2.3.4',
    '203.0.113.1, for=1.2.3.4',
    '203.0.113.1, 1.2.3.4 5.6.7.8',
  ])('is the address of the socket if X-Forwarded-For %j does not end with an address', (header) => {
    expect(clientAddress('x-forwarded-for', { 'x-forwarded-for': header }, SOCKET)).toBe(SOCKET);
    expect(clientAddress('x-forwarded-for', {}, SOCKET)).toBe(SOCKET);
  });

  test.each([
    ['for=203.0.113.1', '203.0.113.1'],
    ['For="203.0.113.1"', '203.0.113.1'],
    ['for="203.0.113.1:4711"', '203.0.113.1'],
    ['for="203.0.113.1:_port"', '203.0.113.1'],
    ['for="[2001:db8::1]"', '2001:db8::1'],
    ['FOR="[2001:db8::1]:4711";proto=https;by=10.0.0.1', '2001:db8::1'],
    ['proto=https; for=203.0.113.1 ;host="a;b"', '203.0.113.1'],
    ['by=10.0.0.1;for="[::ffff:203.0.113.1]"', '::ffff:203.0.113.1'],
    ['for=1.1.1.1, for=unknown, for=203.0.113.1', '203.0.113.1'],
    ['host="x;for=198.51.100.1;y";for=203.0.113.1', '203.0.113.1'],
    ['for="1.1.1.1, for=203.0.113.1', '203.0.113.1'],
    ['for="2\\03.0.113.1"', '203.0.113.1'],
  ])('is the rightmost of Forwarded %j where there is no X-Forwarded-For: %s', (forwarded, address) => {
    expect(clientAddress('x-forwarded-for', { forwarded }, SOCKET)).toBe(address);
    const both = { forwarded, 'x-forwarded-for': '198.51.100.1' };
    expect(clientAddress('x-forwarded-for', both, SOCKET)).toBe('198.51.100.1');
    const hidden = { forwarded, 'x-forwarded-for': 'unknown' };
    expect(clientAddress('x-forwarded-for', hidden, SOCKET)).toBe(SOCKET);
    expect(clientAddress('fly-client-ip', { forwarded }, SOCKET)).toBe(SOCKET);
  });

  test.each([
    '',
    'for=unknown',
    'for=_gazonk',
    'for="_gazonk"',
    'for=203.0.113.1, for=unknown',
    'for=203.0.113.1, proto=https',
    'for=203.0.113.1, by=198.51.100.1',
    'for=203.0.113.1,',
    'xfor=203.0.113.1',
    'for=203.0.113.1, host="x;for=198.51.100.1',
    'host="x;for=198.51.100.1;y"',
    'host="x,for=198.51.100.1;y=\\"z"',
    'for=[2001:db8::1',
    'for="203.0.113.1',
    '203.0.113.1',
  ])('is the address of the socket if Forwarded %j does not end with one', (forwarded) => {
    expect(clientAddress('x-forwarded-for', { forwarded }, SOCKET)).toBe(SOCKET);
  });

  test('on Fly.io is Fly-Client-IP, and no other header counts', () => {
    const headers = { 'x-forwarded-for': '203.0.113.1', 'fly-client-ip': '203.0.113.2' };
    expect(clientAddress('fly-client-ip', headers, SOCKET)).toBe('203.0.113.2');
    expect(clientAddress('fly-client-ip', { 'x-forwarded-for': '203.0.113.1' }, SOCKET)).toBe(SOCKET);
    expect(clientAddress('x-forwarded-for', headers, SOCKET)).toBe('203.0.113.1');
  });
});

test.each([
  [{}, false],
  [{ 'x-real-ip': '1.1.1.1' }, false],
  [{ 'x-forwarded-for': '' }, true],
  [{ 'fly-client-ip': '1.1.1.1' }, true],
  [{ forwarded: 'for=1.1.1.1' }, true],
])('the headers %j are a proxy’s headers: %s', (headers, answer) => {
  expect(hasProxyHeaders(headers)).toBe(answer);
});

describe('the allowance of a request', () => {
  test('from an IPv4 address belongs to that address', () => {
    expect(allowancesOf('192.0.2.1')).toEqual([{ name: 'ipv4 192.0.2.1', times: 1 }]);
  });

  test.each(['::ffff:192.0.2.1', '::FFFF:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:ffff:192.0.2.1'])(
    'from %s belongs to the IPv4 address in it',
    (address) => {
      expect(allowancesOf(address)).toEqual(allowancesOf('192.0.2.1'));
    },
  );

  test('from an IPv6 address belongs to its /64, to its /48 ten times and to its /32 a hundred times', () => {
    expect(allowancesOf('2001:db8:1:2:3:4:5:6')).toEqual([
      { name: 'ipv6 20010db800010002', times: 1 },
      { name: 'ipv6 20010db80001', times: 10 },
      { name: 'ipv6 20010db8', times: 100 },
    ]);
  });

  test('from an IPv6 address does not depend on its spelling or its interface', () => {
    const one = allowancesOf('2001:db8:0:0:0:0:0:1');
    for (const written of ['2001:db8::1', '2001:0DB8::0001', '2001:db8::ffff', '2001:db8::1%eth0'])
      expect(allowancesOf(written)).toEqual(one);
  });

  test.each([undefined, '', 'unknown', '1', '1.2.3', '/run/socket'])(
    'without a valid address (%s) is one for all such requests',
    (none) => {
      expect(allowancesOf(none)).toEqual([{ name: 'unknown', times: 1 }]);
    },
  );
});
