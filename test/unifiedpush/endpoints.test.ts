import { expect, test } from 'vitest';

import { DnsStandIn } from '../../stand-ins/dns-stand-in.ts';
import { sealToken } from '../../stand-ins/sealed-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { endpointGuard } from '../../src/push/unifiedpush/endpoint-guard.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { registerDevices } from '../support/devices.ts';
import {
  HOSTILE_NAMES,
  loopbackEndpoints,
  malformedEndpoints,
  privateEndpoints,
} from '../support/hostile-endpoints.ts';
import { insideSocket } from '../support/inside-socket.ts';
import { guardedProvider as provider, PUBLIC_ONLY, pushTo as push } from '../support/guarded-provider.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import type { TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const GUARDED = { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'false' };
/** A text that does not begin like an endpoint is answered as an invalid token (contract 1.1). */
const REFUSED = /^\{"success":false,"message":"Invalid (?:endpoint|token)"\}$/;
const format = 'mostro-push-v2';

/** The bodies of all ways to register an endpoint. */
function registrations(endpoint: string, { publicKey }: TestServer): object[] {
  const { keys, sealedContent } = new WebPushSubscription(endpoint);
  const sealed = { serverPubkey: publicKey, platform: 'android', token: endpoint } as const;
  return [
    { token: endpoint, platform: 'android' },
    { subscription: { endpoint, keys } },
    ...(endpoint.length <= 217 ? [{ encrypted_token: sealToken(sealed) }] : []),
    ...(endpoint.length <= 875
      ? [
          { encrypted_token: sealToken({ ...sealed, format }) },
          { encrypted_token: sealToken({ ...sealed, platform: 'webpush', token: sealedContent, format }) },
        ]
      : []),
  ];
}

test.each([
  ['loopback in another spelling', loopbackEndpoints, 20],
  ['a private or special address, or a local name', privateEndpoints, 55],
  ['malformed', malformedEndpoints, 20],
])(
  'an endpoint in the operator’s network is refused at registration in every shape, if it is %s',
  async (_, list, atLeast) => {
    const server = await apiServer(GUARDED);
    const inside = await insideSocket();
    const endpoints = list(inside);
    expect(endpoints.length).toBeGreaterThanOrEqual(atLeast);
    for (const endpoint of endpoints) {
      for (const device of registrations(endpoint, server)) {
        const { status, text } = await server.post('/api/register', { trade_pubkey: freshKey(), ...device });
        expect([endpoint, Object.keys(device)[0], status, text]).toEqual([
          endpoint,
          expect.any(String),
          400,
          expect.stringMatching(REFUSED),
        ]);
      }
    }
    expect(await countsOf(server)).toContain('"total":0');
    expect(inside.connections()).toBe(0);
  },
);

test('an endpoint in the operator’s network that is already registered is refused at each wake, and is reached only if private endpoints are allowed', async () => {
  const inside = await insideSocket();
  const endpoints = [...loopbackEndpoints(inside), ...privateEndpoints(inside)].filter((url) =>
    URL.canParse(url),
  );
  const guarded = provider(endpointGuard(PUBLIC_ONLY));
  for (const endpoint of endpoints) {
    expect([endpoint, await push(guarded, endpoint)]).toEqual([
      endpoint,
      { outcome: 'refused', reason: 'endpoint_not_allowed', blames: 'device' },
    ]);
  }
  expect(inside.connections()).toBe(0);

  const open = provider(endpointGuard({ ...PUBLIC_ONLY, allowPrivateEndpoints: true }));
  for (const [n, endpoint] of loopbackEndpoints(inside).entries()) {
    expect(await push(open, endpoint)).toMatchObject({ outcome: 'retry', reason: 'unreachable' });
    expect([endpoint, inside.connections()]).toEqual([endpoint, n + 1]);
  }
});

test.each(Object.keys(HOSTILE_NAMES))(
  'an endpoint whose name, %s, leads into the operator’s network is refused at each wake',
  async (name) => {
    const inside = await insideSocket();
    const dns = keep(await DnsStandIn.start((query) => HOSTILE_NAMES[query.name]));
    const guarded = provider(endpointGuard(PUBLIC_ONLY, [dns.address]));
    expect(await push(guarded, `https://${name}:${inside.port}/up`)).toEqual({
      outcome: 'refused',
      reason: 'endpoint_not_allowed',
      blames: 'device',
    });
    expect(dns.queries.all.map((query) => `${query.name} ${query.type}`).toSorted()).toEqual(
      ['ipv4only.arpa AAAA', `${name} A`, `${name} AAAA`].toSorted(),
    );
    expect(inside.connections()).toBe(0);
  },
);

test('an endpoint whose name leads into the operator’s network gets no packet, delays no other device’s wake, and raises no alarm', async () => {
  const inside = await insideSocket();
  const dns = keep(await DnsStandIn.start((query) => HOSTILE_NAMES[query.name]));
  const scene = await setScene({ environment: GUARDED, dnsServers: [dns.address] });
  const { relay, google, server, phone, woken } = scene;
  const names = Object.keys(HOSTILE_NAMES);
  const devices = await registerDevices(server, names.length, (n) => `https://${names[n]}:${inside.port}/up`);
  const bob = await phone();
  for (const { key } of devices) relay.broadcast(eventFor([key, bob.tradePubkey]));
  const refused = 'mostro_push_pushes_total{provider="unifiedpush",outcome="refused"}';
  await untilMetric(server, refused, names.length);
  expect(new Set(await woken())).toEqual(new Set([bob.token]));
  expect(inside.connections()).toBe(0);
  expect(google.refusals.count).toBe(0);
  expect(server.log.all.map(({ msg }) => msg)).not.toContain('wake.refused');
});
