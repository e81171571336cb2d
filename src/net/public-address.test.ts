import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isPublicAddress } from './public-address.ts';

describe('an address of the public internet', () => {
  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2001:200::1',
    '2001:4860:4860::8888',
    '2003::1',
    '2606:4700:4700::1111',
    '2a00:1450:4001:81b::200e',
    '3ffe::1',
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('no address of the public internet', () => {
  test.each([
    ['this network', '0.0.0.0', '0.255.255.255'],
    ['private use, 10/8', '10.0.0.0', '10.255.255.255'],
    ['carrier-grade NAT', '100.64.0.0', '100.127.255.255'],
    ['loopback', '127.0.0.1', '127.255.255.255'],
    ['link-local and cloud metadata', '169.254.0.0', '169.254.169.254'],
    ['private use, 172.16/12', '172.16.0.0', '172.31.255.255'],
    ['IETF protocols', '192.0.0.0', '192.0.0.255'],
    ['documentation 1', '192.0.2.0', '192.0.2.255'],
    ['6to4 relays', '192.88.99.0', '192.88.99.255'],
    ['private use, 192.168/16', '192.168.0.0', '192.168.255.255'],
    ['benchmarks', '198.18.0.0', '198.19.255.255'],
    ['documentation 2', '198.51.100.0', '198.51.100.255'],
    ['documentation 3', '203.0.113.0', '203.0.113.255'],
    ['multicast', '224.0.0.0', '239.255.255.255'],
    ['reserved and broadcast', '240.0.0.0', '255.255.255.255'],
    ['IPv6 unspecified and loopback', '::', '::1'],
    ['IPv4-mapped, of private addresses', '::ffff:127.0.0.1', '::ffff:a00:1'],
    ['IPv4-mapped, even of public ones', '::ffff:8.8.8.8', '::ffff:808:808'],
    ['IPv4-compatible', '::127.0.0.1', '::8.8.8.8'],
    ['NAT64', '64:ff9b::7f00:1', '64:ff9b::8.8.8.8'],
    ['local NAT64', '64:ff9b:1::1', '64:ff9b:1:ffff::1'],
    ['discard only', '100::', '100::ffff:ffff:ffff:ffff'],
    ['Teredo', '2001::1', '2001:0:7f00:1::1'],
    ['IETF protocols and ORCHID', '2001:2::1', '2001:1ff:ffff::1'],
    ['IPv6 documentation', '2001:db8::1', '3fff:fff::1'],
    ['6to4', '2002:7f00:1::1', '2002:808:808::1'],
    ['segment routing', '5f00::1', '5f00:ffff::1'],
    ['unique local', 'fc00::1', 'fdff:ffff::1'],
    ['link-local', 'fe80::1', 'febf::1'],
    ['site-local', 'fec0::1', 'feff::1'],
    ['IPv6 multicast', 'ff02::1', 'ff0e::1'],
  ])('is one of %s: %s, %s', (_, first, last) => {
    expect([isPublicAddress(first), isPublicAddress(last)]).toEqual([false, false]);
  });

  test.each(['fe80::1%eth0', '2606:4700:4700::1111%1', '8.8.8.8%eth0'])('has a zone id: %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    '',
    'localhost',
    'example.com',
    '8.8.8',
    '8.8.8.8.',
    '08.8.8.8',
    '0x8.8.8.8',
    '134744072',
    '[2606:4700::1]',
    '8.8.8.8:443',
    ' 8.8.8.8',
    '8.8.8.8\n',
    '2606::4700::1',
  ])('is what is no address at all: %j', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });

  test('is any IPv6 address outside 2000::/3, however it is written', () => {
    const group = fc.nat(0xffff).map((value) => value.toString(16));
    const first = fc.nat(0xffff).filter((value) => value >> 13 !== 1);
    fc.assert(
      fc.property(first, fc.array(group, { minLength: 7, maxLength: 7 }), (head, rest) => {
        expect(isPublicAddress([head.toString(16), ...rest].join(':'))).toBe(false);
      }),
    );
  });
});
