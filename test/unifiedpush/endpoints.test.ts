import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { DnsStandIn } from '../../stand-ins/dns-stand-in.ts';
import { sealToken } from '../../stand-ins/sealed-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { deriveVapidKey } from '../../src/crypto/vapid-key.ts';
import { endpointGuard, type EndpointGuard } from '../../src/push/unifiedpush/endpoint-guard.ts';
import { UnifiedPushProvider } from '../../src/push/unifiedpush/unifiedpush-provider.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { registerDevices } from '../support/devices.ts';
import { FakeTelemetry } from '../support/fake-telemetry.ts';
import {
  HOSTILE_NAMES,
  loopbackEndpoints,
  malformedEndpoints,
  privateEndpoints,
} from '../support/hostile-endpoints.ts';
import { insideSocket } from '../support/inside-socket.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import type { TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const GUARDED = { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'false' };
/** A text that does not begin like an endpoint is answered as an invalid token (contract 1.1). */
const REFUSED = /^\{"success":false,"message":"Invalid (?:endpoint|token)"\}$/;
const WAKE = { kind: 'silent_wake', timestamp: 1_800_000_000 } as const;
const PUBLIC_ADDRESS = '93.184.216.34';
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

function provider(guard: EndpointGuard): UnifiedPushProvider {
  const vapid = { ...deriveVapidKey(new Uint8Array(32).fill(1)), subject: undefined };
  return keep(
    new UnifiedPushProvider({
      guard,
      vapid,
      clock: Date.now,
      userAgent: 'test',
      telemetry: new FakeTelemetry(),
    }),
  );
}

async function push(to: UnifiedPushProvider, endpoint: string): Promise<object> {
  const { keys } = new WebPushSubscription(endpoint);
  return to.send({ type: 'unifiedpush', endpoint, keys }, WAKE, new AbortController().signal);
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
  const guarded = provider(endpointGuard(false));
  for (const endpoint of endpoints) {
    expect([endpoint, await push(guarded, endpoint)]).toEqual([
      endpoint,
      { outcome: 'refused', reason: 'endpoint_not_allowed', blames: 'device' },
    ]);
  }
  expect(inside.connections()).toBe(0);

  const open = provider(endpointGuard(true));
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
    const guarded = provider(endpointGuard(false, [dns.address]));
    expect(await push(guarded, `https://${name}:${inside.port}/up`)).toEqual({
      outcome: 'refused',
      reason: 'endpoint_not_allowed',
      blames: 'device',
    });
    expect(dns.queries.all.map((query) => `${query.name} ${query.type}`).toSorted()).toEqual([
      `${name} A`,
      `${name} AAAA`,
    ]);
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

test('an endpoint whose name is public first and private later is called at the public address only', async () => {
  const inside = await insideSocket();
  let queries = 0;
  const dns = keep(await DnsStandIn.start(() => (queries++ < 2 ? [PUBLIC_ADDRESS] : ['127.0.0.1'])));
  const { allows, lookup } = endpointGuard(false, [dns.address]);
  if (lookup === undefined) throw new Error('nothing looks names up');
  const dialled: unknown[] = [];
  // The socket stands for the public address, so that no packet leaves the machine.
  const rerouted: typeof lookup = (host, options, callback) => {
    lookup(host, options, (error, found) => {
      if (error) return callback(error, '', 0);
      dialled.push(found);
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    });
  };
  const guarded = provider({ allows, lookup: rerouted });
  const endpoint = `https://rebinding.example:${inside.port}/up`;
  expect(await push(guarded, endpoint)).toMatchObject({ outcome: 'retry', reason: 'unreachable' });
  expect(dialled).toEqual([[{ address: PUBLIC_ADDRESS, family: 4 }]]);
  expect([inside.connections(), queries]).toEqual([1, 2]);
  expect(await push(guarded, endpoint)).toMatchObject({ reason: 'endpoint_not_allowed' });
  expect([inside.connections(), dialled.length]).toEqual([1, 1]);
});

test('the public name of an endpoint is resolved to its IPv4 and its IPv6 address', async () => {
  const found = [PUBLIC_ADDRESS, '2606:4700:4700::1111'];
  const dns = keep(await DnsStandIn.start(({ name }) => (name === 'push.example' ? found : undefined)));
  const { lookup } = endpointGuard(false, [dns.address]);
  if (lookup === undefined) throw new Error('nothing looks names up');
  expect(await promisify(lookup)('push.example', { all: true })).toEqual([
    { address: PUBLIC_ADDRESS, family: 4 },
    { address: '2606:4700:4700::1111', family: 6 },
  ]);
});

test('an endpoint whose name does not resolve is refused with a message that does not name it', async () => {
  const dns = keep(await DnsStandIn.start(() => undefined));
  const { lookup } = endpointGuard(false, [dns.address]);
  if (lookup === undefined) throw new Error('nothing looks names up');
  const error: unknown = await promisify(lookup)('nowhere.example', { all: true }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ENOTFOUND', message: 'no public address' });
  expect(JSON.stringify(error)).not.toContain('nowhere');
  expect(await push(provider(endpointGuard(false, [dns.address])), 'https://nowhere.example/up')).toEqual({
    outcome: 'retry',
    reason: 'unreachable',
  });
});
