import { expect, test } from 'vitest';

import { ClientNetworks } from './client-networks.ts';
import { networkName } from './client-address.ts';

/** What the networks read of a request from this address, behind a proxy. */
function request(address: string): Parameters<ClientNetworks['of']>[0] {
  return { headers: { 'x-forwarded-for': address }, socket: { remoteAddress: '127.0.0.1' } } as never;
}

test.each([
  ['an IPv4 /24', '192.0.2.1', '192.0.2.255'],
  ['an IPv4 /24, mapped into IPv6', '192.0.2.1', '::ffff:192.0.2.77'],
  ['an IPv6 /48', '2001:db8:1::1', '2001:db8:1:ffff:1:2:3:4'],
  ['what has no valid address', undefined, 'nonsense'],
])('%s is one client network', (_, one, other) => {
  expect(networkName(one)).toBe(networkName(other));
});

test.each([
  ['two IPv4 /24', '192.0.2.1', '192.0.3.1'],
  ['two IPv6 /48', '2001:db8:1::1', '2001:db8:2::1'],
  ['IPv4 and IPv6', '32.1.13.184', '2001:db8::1'],
  ['a valid address and none', '192.0.2.1', undefined],
])('%s are two client networks', (_, one, other) => {
  expect(networkName(one)).not.toBe(networkName(other));
});

test('a client network has a 16-bit number that is never 0 and differs in every process', () => {
  const [one, other] = [new ClientNetworks('x-forwarded-for'), new ClientNetworks('x-forwarded-for')];
  const addresses = Array.from({ length: 4096 }, (__, n) => `10.${n >> 8}.${n & 255}.1`);
  const numbers = addresses.map((address) => one.of(request(address)));
  expect(Math.min(...numbers)).toBeGreaterThan(0);
  expect(Math.max(...numbers)).toBeLessThan(65_536);
  expect(new Set(numbers).size).toBeGreaterThan(3800);
  expect(addresses.map((address) => other.of(request(address)))).not.toEqual(numbers);
  expect(one.of(request('10.0.0.200'))).toBe(numbers[0]);
  const bySocket = new ClientNetworks('socket');
  expect(bySocket.of(request('10.0.0.1'))).toBe(bySocket.of(request('10.9.9.9')));
});
