import { createServer } from 'node:http';

import { expect, test } from 'vitest';

import { DnsStandIn } from '../../stand-ins/dns-stand-in.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { publicLookup } from '../../src/net/public-lookup.ts';
import { fetchRelayLimits } from '../../src/relay/connection/relay-information.ts';
import {
  discovered,
  listsOf,
  relayList,
  setDiscoveryScene,
  type DiscoveryScene,
} from '../support/discovery-scene.ts';
import {
  HOSTILE_NAMES,
  loopbackEndpoints,
  malformedEndpoints,
  privateEndpoints,
} from '../support/hostile-endpoints.ts';
import { call } from '../support/http.ts';
import { insideSocket } from '../support/inside-socket.ts';
import { keep } from '../support/keep.ts';
import { untilMetric } from '../support/scene.ts';
import { DIRECTLY } from '../support/directly.ts';

const UNPROVEN = 'mostro_push_relays_unproven';
const MOST_OF_A_LIST = 20;

async function guardedScene(zone: (name: string) => readonly string[] | undefined): Promise<{
  readonly scene: DiscoveryScene;
  readonly dns: DnsStandIn;
}> {
  const dns = keep(await DnsStandIn.start(({ name }) => zone(name)));
  const environment = { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'false' };
  return { scene: await setDiscoveryScene({ environment, dnsServers: [dns.address] }), dns };
}

/** The address as the URL of a relay: `https` becomes `wss`, `http` becomes `ws`. */
function asRelay(endpoint: string): string {
  return endpoint.replace(/^http/, 'ws');
}

test('a relay that an instance names, and that leads into the operator’s network is passed over if its address or name says so, in whatever spelling, and takes no place of the list', async () => {
  const { scene } = await guardedScene(() => ['127.0.0.1']);
  const { mostro, relay, server } = scene;
  const inside = await insideSocket();
  const hostile = [
    ...[...loopbackEndpoints(inside), ...privateEndpoints(inside)].map(asRelay),
    // Only addresses: names lead nowhere here, and bad credentials, schemes and ports are refused without a connection.
    ...malformedEndpoints(inside)
      .filter((url) => !url.startsWith('https://push.example/'))
      .map(asRelay),
    scene.other.url,
    scene.other.url.replace('ws', 'wss'),
    `wss://hidden.onion:${inside.port}`,
  ];
  expect(hostile.length).toBeGreaterThan(100);
  relay.broadcast(relayList(mostro, 1, ...hostile.map((url) => [url]), ['wss://fine.example/']));
  await untilMetric(server, listsOf('adopted'), 1);
  // The last one, which cannot be refused without a DNS lookup.
  expect(await server.metric(UNPROVEN)).toBe(1);
  expect(await discovered(scene)).toEqual([]);
  expect([inside.connections(), scene.other.requests.count]).toEqual([0, 0]);
});

test('a relay that an instance names, and that leads into the operator’s network is called at no dial if its name leads there, and is told of in no answer, metric or alarm', async () => {
  const { scene, dns } = await guardedScene((name) => HOSTILE_NAMES[name]);
  const { google, mostro, phone, relay, server } = scene;
  const inside = await insideSocket();
  const names = Object.keys(HOSTILE_NAMES).slice(0, MOST_OF_A_LIST);
  relay.broadcast(relayList(mostro, 1, ...names.map((name) => [`wss://${name}:${inside.port}`])));
  // Every dial asks for IPv4 and IPv6 addresses, so this is at least three dials of each relay.
  await dns.queries.atLeast(names.length * 2 * 3);
  expect(await server.metric(UNPROVEN)).toBe(names.length);
  expect(inside.connections()).toBe(0);
  const reasons = server.log.all
    .filter(({ msg }) => msg === 'relay.lost')
    .map((line) => Reflect.get(line, 'error') as unknown);
  expect(new Set(reasons)).toEqual(new Set(['ENOTPUBLIC']));
  for (const url of [
    `${server.apiUrl}/api/status`,
    `${server.adminUrl}/metrics`,
    `${server.adminUrl}/health/ready`,
  ])
    expect((await call(url)).text).not.toMatch(/\.example/);
  const alice = await phone();
  relay.broadcast(mostro.message(alice.tradePubkey));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
});

test('a relay that an instance names, and that leads into the operator’s network is not asked for its limits either', async () => {
  const asked: unknown[] = [];
  const page = createServer(({ url }, response) => {
    asked.push(url);
    response.end('{"limitation":{"max_limit":300}}');
  });
  const { port } = keep(await LoopbackServer.listen(page));
  const dns = keep(await DnsStandIn.start(() => ['127.0.0.1']));
  const never = new AbortController().signal;
  const url = `ws://relay.example:${port}`;
  expect(
    await fetchRelayLimits(url, never, {
      userAgent: 'test',
      wayOut: DIRECTLY,
      lookup: publicLookup([dns.address]),
    }),
  ).toBeUndefined();
  expect(dns.queries.all.map(({ name }) => name).toSorted()).toEqual([
    'ipv4only.arpa',
    'relay.example',
    'relay.example',
  ]);
  expect(asked).toEqual([]);
});
