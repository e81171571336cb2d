import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { DnsStandIn } from '../../stand-ins/dns-stand-in.ts';
import { parseAllowedHost } from '../../src/core/registry/allowed-host.ts';
import { publicLookup } from '../../src/net/public-lookup.ts';
import { endpointGuard, type EndpointRules } from '../../src/push/unifiedpush/endpoint-guard.ts';
import { guardedProvider, PUBLIC_ONLY, pushTo, rerouted } from '../support/guarded-provider.ts';
import { HOSTILE_NAMES, MIXED_NAMES } from '../support/hostile-endpoints.ts';
import { insideSocket } from '../support/inside-socket.ts';
import { keep } from '../support/keep.ts';

const PUBLIC_ADDRESS = '93.184.216.34';
const NOT_ALLOWED = { outcome: 'refused', reason: 'endpoint_not_allowed', blames: 'device' };

function allowing(...written: string[]): EndpointRules {
  const allowedHosts = written.map((host) => parseAllowedHost(host)).filter((host) => host !== undefined);
  expect(allowedHosts).toHaveLength(written.length);
  return { ...PUBLIC_ONLY, allowedHosts };
}

async function zone(names: Readonly<Record<string, readonly string[]>>): Promise<DnsStandIn> {
  return keep(await DnsStandIn.start(({ name }) => names[name]));
}

describe('the name of an endpoint', () => {
  test('that is public first and private later is called at the public address only', async () => {
    const inside = await insideSocket();
    let queries = 0;
    const dns = keep(
      await DnsStandIn.start(({ name }) =>
        name === 'rebinding.example' ? [queries++ < 2 ? PUBLIC_ADDRESS : '127.0.0.1'] : undefined,
      ),
    );
    const { dialled, guard } = rerouted(endpointGuard(PUBLIC_ONLY, [dns.address]));
    const guarded = guardedProvider(guard);
    const endpoint = `https://rebinding.example:${inside.port}/up`;
    expect(await pushTo(guarded, endpoint)).toMatchObject({ outcome: 'retry', reason: 'unreachable' });
    expect(dialled).toEqual([[PUBLIC_ADDRESS]]);
    expect([inside.connections(), queries]).toEqual([1, 2]);
    expect(await pushTo(guarded, endpoint)).toEqual(NOT_ALLOWED);
    expect([inside.connections(), dialled.length]).toEqual([1, 1]);
  });

  test.each([
    ['public-and-private.example', '93.184.216.34'],
    ['private-and-public.example', '93.184.216.34'],
    ['public-v4-private-v6.example', '93.184.216.34'],
    ['private-v4-public-v6.example', '2606:4700:4700::1111'],
  ])('that has usable addresses beside others, %s, is called at %s alone', async (name, usable) => {
    const inside = await insideSocket();
    const dns = await zone(MIXED_NAMES);
    const { dialled, guard } = rerouted(endpointGuard(PUBLIC_ONLY, [dns.address]));
    const delivery = await pushTo(guardedProvider(guard), `https://${name}:${inside.port}/up`);
    expect(delivery).toMatchObject({ reason: 'unreachable' });
    expect(dialled).toEqual([[usable]]);
  });

  test('is resolved to its IPv4 and its IPv6 address', async () => {
    const dns = await zone({ 'push.example': [PUBLIC_ADDRESS, '2606:4700:4700::1111'] });
    expect(await promisify(publicLookup([dns.address]))('push.example', { all: true })).toEqual([
      { address: PUBLIC_ADDRESS, family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ]);
  });

  test('that does not resolve fails with a message that does not name it', async () => {
    const dns = await zone({});
    const error: unknown = await promisify(publicLookup([dns.address]))('nowhere.example', {
      all: true,
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ENOTFOUND', message: 'no usable address' });
    expect(JSON.stringify(error)).not.toContain('nowhere');
    const guarded = guardedProvider(endpointGuard(PUBLIC_ONLY, [dns.address]));
    expect(await pushTo(guarded, 'https://nowhere.example/up')).toEqual({
      outcome: 'retry',
      reason: 'unreachable',
    });
  });
});

describe('an address that a NAT64 translates', () => {
  const WKP = { 'ipv4only.arpa': ['64:ff9b::c000:aa', '64:ff9b::c000:ab'] };
  const OWN = { 'ipv4only.arpa': ['2a00:64:aa:bb::c000:aa', '2a00:64:aa:bb::c000:ab'] };
  const LOCAL = { 'ipv4only.arpa': ['64:ff9b:1:abcd:0:12:c000:aa'] };
  const WKA_48 = { 'ipv4only.arpa': ['2a00:1:2:c000:0:aa00::'] };

  test.each([
    ['the well-known prefix, a public address', {}, '64:ff9b::808:808', true],
    ['the well-known prefix, and the resolver uses it', WKP, '64:ff9b::808:808', true],
    ['the well-known prefix, loopback', WKP, '64:ff9b::7f00:1', false],
    ['the well-known prefix, a private address', WKP, '64:ff9b::a01:203', false],
    ['the well-known prefix, the metadata of a cloud', {}, '64:ff9b::a9fe:a9fe', false],
    ['a prefix of the operator’s own, a public address', OWN, '2a00:64:aa:bb::808:808', true],
    ['a prefix of the operator’s own, a private address', OWN, '2a00:64:aa:bb::a01:203', false],
    ['a prefix that is no longer the resolver’s', {}, '2a00:64:aa:bb::a01:203', true],
    ['the prefix for local use, a public address', LOCAL, '64:ff9b:1:abcd:0:12:808:808', true],
    ['the prefix for local use, a private address', LOCAL, '64:ff9b:1:abcd:0:12:c0a8:101', false],
    ['the prefix for local use, which the resolver does not use', {}, '64:ff9b:1::808:808', false],
    ['a prefix of 48 bits, a public address', WKA_48, '2a00:1:2:808:8:800::', true],
    ['a prefix of 48 bits, a private address', WKA_48, '2a00:1:2:a01:2:300::', false],
    ['a prefix of 48 bits, another network', WKA_48, '2a00:1:3:a01:2:300::', true],
  ])('is judged by the IPv4 address inside: %s', async (_, resolver, address, isUsable) => {
    const dns = await zone({ ...resolver, 'push.example': [address] });
    const found: unknown = await promisify(publicLookup([dns.address]))('push.example', { all: true }).catch(
      ({ code }: NodeJS.ErrnoException) => code,
    );
    expect(found).toEqual(isUsable ? [{ address: expect.any(String), family: 6 }] : 'ENOTPUBLIC');
  });

  test('costs one question about the resolver’s prefix for many names', async () => {
    const dns = await zone({ ...OWN, 'push.example': [PUBLIC_ADDRESS] });
    const lookup = promisify(publicLookup([dns.address]));
    for (let n = 0; n < 3; n++) await lookup('push.example', { all: true });
    expect(dns.queries.all.filter(({ name }) => name === 'ipv4only.arpa')).toHaveLength(1);
    expect(dns.queries.count).toBe(7);
  });
});

describe('a push host of the operator’s own', () => {
  test('is reached on loopback and on private addresses where its name is written, and the rest stays closed', async () => {
    const inside = await insideSocket();
    const dns = await zone({
      'ntfy.home.example': ['127.0.0.1'],
      'nas.example.org': ['127.0.0.1'],
      ...HOSTILE_NAMES,
    });
    const rules = allowing('ntfy.home.example', '*.example.org', `127.0.0.1:${inside.port}`);
    const own = guardedProvider(endpointGuard(rules, [dns.address]));
    const at = (host: string, scheme = 'https', port = inside.port): Promise<object> =>
      pushTo(own, `${scheme}://${host}:${port}/up`);
    // Loopback is reached where the operator wrote this name or address itself. Nothing there speaks TLS or HTTP.
    expect(await at('ntfy.home.example')).toMatchObject({ reason: 'unreachable' });
    expect(await at('NTFY.home.example.')).toMatchObject({ reason: 'unreachable' });
    expect(await at('ntfy.home.example', 'http')).toMatchObject({ reason: 'unreachable' });
    expect(await at('127.0.0.1')).toMatchObject({ reason: 'unreachable' });
    expect(inside.connections()).toBe(4);
    // A name that only fits `*.` is not led there, and no other host is.
    expect(await at('nas.example.org')).toEqual(NOT_ALLOWED);
    expect(await at('nas.example.org', 'http')).toEqual(NOT_ALLOWED);
    expect(await at('127.0.0.1', 'https', inside.port + 1)).toEqual(NOT_ALLOWED);
    expect(await at('127.0.0.2')).toEqual(NOT_ALLOWED);
    expect(await at('localhost')).toEqual(NOT_ALLOWED);
    expect(await at('other.home.example')).toMatchObject({ reason: 'unreachable' });
    for (const name of Object.keys(HOSTILE_NAMES)) expect(await at(name)).toEqual(NOT_ALLOWED);
    expect(inside.connections()).toBe(4);
  });

  test.each([
    ['ntfy.lan', 'https://ntfy.lan/x', true],
    ['ntfy.lan', 'http://ntfy.lan/x', true],
    ['ntfy.lan', 'https://ntfy.lan:8443/x', true],
    ['ntfy.lan', 'https://ntfy.lan:22/x', false],
    ['ntfy.lan:8443', 'https://ntfy.lan/x', false],
    ['ntfy.lan:8443', 'https://ntfy.lan:8443/x', true],
    ['ntfy.lan:443', 'https://ntfy.lan/x', true],
    ['NTFY.lan.', 'https://ntfy.lan/x', true],
    ['ntfy', 'http://ntfy:80/x', true],
    ['ntfy.lan', 'https://other.lan/x', false],
    ['ntfy.lan', 'https://sub.ntfy.lan/x', false],
    ['*.lan', 'https://ntfy.lan/x', true],
    ['*.lan', 'http://ntfy.lan/x', false],
    ['*.lan', 'https://lan/x', false],
    ['*.example.org', 'https://a.b.example.org/x', true],
    ['192.168.1.5', 'https://192.168.1.5:8443/x', true],
    ['192.168.1.5', 'https://3232235781:8443/x', true],
    ['192.168.1.5', 'https://192.168.1.6:8443/x', false],
    ['[fd00::5]:8443', 'http://[fd00:0::5]:8443/x', true],
    ['[fd00::5]:8443', 'http://[fd00::6]:8443/x', false],
    ['bücher.lan', 'https://xn--bcher-kva.lan/x', true],
  ])('%s in UNIFIEDPUSH_ALLOWED_HOSTS and the endpoint %s: %s', (host, endpoint, isAllowed) => {
    expect(endpointGuard(allowing(host)).allows(new URL(endpoint))).toBe(isAllowed);
  });

  test.each([
    '*',
    '*.',
    '*.com',
    '*.192.168.1.5',
    'a*.lan',
    'https://ntfy.lan',
    'ntfy.lan/x',
    'ntfy.lan:0',
    'ntfy.lan:65536',
    'fd00::5',
    'u@ntfy.lan',
    '',
  ])('is not written as %j', (written) => {
    expect(parseAllowedHost(written)).toBeUndefined();
  });

  test.each([
    ['a private address', ['192.168.1.5'], ['192.168.1.5'], ['192.168.1.5']],
    ['a shared address, as of a VPN', ['100.64.0.7'], ['100.64.0.7'], ['100.64.0.7']],
    ['a unique local address', ['fd00::5'], ['fd00::5'], ['fd00::5']],
    ['loopback', ['127.0.0.1', '::1'], ['127.0.0.1', '::1'], 'ENOTPUBLIC'],
    ['the metadata of a cloud', ['169.254.169.254'], 'ENOTPUBLIC', 'ENOTPUBLIC'],
    ['the unspecified address', ['0.0.0.0', '::'], 'ENOTPUBLIC', 'ENOTPUBLIC'],
    ['a private address behind NAT64', ['64:ff9b::a00:1'], ['64:ff9b::a00:1'], ['64:ff9b::a00:1']],
    [
      'a public and a private address',
      [PUBLIC_ADDRESS, '10.0.0.1'],
      [PUBLIC_ADDRESS, '10.0.0.1'],
      [PUBLIC_ADDRESS, '10.0.0.1'],
    ],
  ])('may have %s', async (_, addresses, named, below) => {
    const dns = await zone({ 'ntfy.own.example': addresses });
    const endpoint = new URL('https://ntfy.own.example/x');
    for (const [written, expected] of [
      ['ntfy.own.example', named],
      ['*.own.example', below],
    ] as const) {
      const lookup = endpointGuard(allowing(written), [dns.address]).lookupFor(endpoint);
      if (lookup === undefined) throw new Error('nothing looks names up');
      const found: unknown = await promisify(lookup)('ntfy.own.example', { all: true }).catch(
        ({ code }: NodeJS.ErrnoException) => code,
      );
      const reached = Array.isArray(found) ? found.map(({ address }: { address: string }) => address) : found;
      expect([written, reached]).toEqual([written, expected]);
    }
  });
});
