import { createServer } from 'node:http';
import type { Socket } from 'node:net';

import { expect, test } from 'vitest';

import { DnsStandIn } from '../../stand-ins/dns-stand-in.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { parseProxyAddress } from '../../src/core/basics/proxy-address.ts';
import { parseAllowedHost } from '../../src/core/registry/allowed-host.ts';
import { WayOut } from '../../src/net/way-out.ts';
import { endpointGuard, type EndpointRules } from '../../src/push/unifiedpush/endpoint-guard.ts';
import { guardedProvider, PUBLIC_ONLY, pushTo } from '../support/guarded-provider.ts';
import {
  HOSTILE_NAMES,
  loopbackEndpoints,
  MIXED_NAMES,
  privateEndpoints,
} from '../support/hostile-endpoints.ts';
import { keep } from '../support/keep.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  ...HOSTILE_NAMES,
  ...MIXED_NAMES,
  'push.example': ['93.184.216.34'],
};

/** What a proxy is asked for when wakes go to these endpoints. */
async function askedFor(rules: EndpointRules, endpoints: readonly string[]): Promise<string[]> {
  const asked: string[] = [];
  const http = createServer().on('connect', ({ url = '' }, socket: Socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const { port } = keep(await LoopbackServer.listen(http));
  const dns = keep(await DnsStandIn.start(({ name }) => NAMES[name]));
  const proxy = parseProxyAddress(`127.0.0.1:${port}`, { scheme: 'http' });
  const wayOut = new WayOut({ proxy, exceptions: 'direct.example', tor: undefined });
  const provider = guardedProvider(endpointGuard(rules, [dns.address]), { wayOut });
  for (const endpoint of endpoints) await pushTo(provider, endpoint);
  return asked;
}

test('a proxy is asked for the checked address of an endpoint, so that it cannot resolve the name to another one', async () => {
  expect(await askedFor(PUBLIC_ONLY, ['https://push.example/up', 'https://8.8.8.8:8443/up'])).toEqual([
    '93.184.216.34:443',
    '8.8.8.8:8443',
  ]);
});

test('a proxy is asked for no endpoint that leads into a private network', async () => {
  const inside = { port: 8443 };
  const names = Object.keys(HOSTILE_NAMES).map((name) => `https://${name}:8443/up`);
  const endpoints = [...loopbackEndpoints(inside), ...privateEndpoints(inside)].filter((url) =>
    URL.canParse(url),
  );
  expect(await askedFor(PUBLIC_ONLY, [...names, ...endpoints])).toEqual([]);
  const mixed = Object.keys(MIXED_NAMES).map((name) => `https://${name}/up`);
  expect(new Set(await askedFor(PUBLIC_ONLY, mixed))).toEqual(
    new Set(['93.184.216.34:443', '[2606:4700:4700::1111]:443']),
  );
});

test('a proxy is asked for the name of a host that the operator has allowed, and resolves it', async () => {
  const allowedHosts = ['ntfy.example', '*.mozilla.example']
    .map((host) => parseAllowedHost(host))
    .filter((host) => host !== undefined);
  const endpoints = ['https://ntfy.example/up', 'https://a.mozilla.example/up', 'https://unknown.example/up'];
  expect(await askedFor({ ...PUBLIC_ONLY, allowedHosts }, endpoints)).toEqual([
    'ntfy.example:443',
    'a.mozilla.example:443',
  ]);
});
