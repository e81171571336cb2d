import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { RelayClient } from '../../stand-ins/relay-client.ts';
import { relayFrame } from '../../stand-ins/relay-frame.ts';
import { RelayProtocol } from '../../stand-ins/relay-protocol.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import { setScene, type Scene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

interface InformedScene extends Scene {
  readonly protocol: RelayProtocol;
  readonly odd: { readonly url: string };
  /** Every request for the document that was answered or given up. */
  readonly asked: Arrivals<IncomingMessage>;
  readonly ended: Arrivals<IncomingMessage>;
  readonly disconnect: () => void;
}

/** A good relay, and another whose answers to requests for its NIP-11 document the test gives. */
async function setInformedScene(answer: Answer): Promise<InformedScene> {
  const protocol = new RelayProtocol({});
  const [asked, ended] = [new Arrivals<IncomingMessage>(), new Arrivals<IncomingMessage>()];
  const http = createServer((request, response) => {
    response.once('close', () => ended.push(request));
    answer(response, request);
    asked.push(request);
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, { headers }) => {
    const client = new RelayClient(socket, headers.host);
    socket.on('message', (data) => protocol.handle(client, relayFrame(data)));
    socket.on('close', () => protocol.clients.delete(client));
    protocol.welcome(client);
  });
  const loopback = keep(await LoopbackServer.listen(http));
  const odd = { url: `ws://127.0.0.1:${loopback.port}` };
  const relay = keep(await RelayStandIn.start());
  const environment = { NOSTR_RELAYS: `${relay.url},ws://alice:sesame@127.0.0.1:${loopback.port}` };
  const scene = await setScene({ relays: [relay], environment });
  await untilLine(scene.server, odd, { served: [1059, 14] });
  return { ...scene, protocol, odd, asked, ended, disconnect: () => loopback.destroyConnections() };
}

test('the NIP-11 document of a relay is asked for without a credential', async () => {
  const { asked } = await setInformedScene((response) => response.end('{}'));
  const [request] = await asked.atLeast(1);
  expect(request).toMatchObject({ method: 'GET', url: '/', headers: { accept: 'application/nostr+json' } });
  expect(request?.headers.authorization).toBeUndefined();
});

test.each<[string, Answer]>([
  ['is never said', () => undefined],
  ['drips in for ever', (response) => void response.writeHead(200).write('{"limitation":')],
])('a NIP-11 document that %s delays nothing, neither an event nor the stop', async (_name, answer) => {
  const { asked, google, odd, phone, protocol, server } = await setInformedScene(answer);
  await asked.atLeast(1);
  const alice = await phone();
  protocol.broadcast(eventFor([alice.tradePubkey]));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  await untilLine(server, odd, { state: 'live', reconnects: 0 });
});

const wrong = { max_limit: 0, max_subid_length: -1, max_message_length: 'vast' };
test.each<[string, Answer]>([
  ['nothing', (response) => response.end()],
  ['404', (response) => response.writeHead(404).end('{"limitation":{"max_subid_length":3,"max_limit":3}}')],
  ['500', (response) => response.writeHead(500).end('oops')],
  ['a page of HTML', (response) => response.end('<html><body>a relay</body></html>')],
  ['null', (response) => response.end('null')],
  ['an array', (response) => response.end('[{"limitation":{"max_subid_length":3}}]')],
  ['no limitation', (response) => response.end('{"name":"relay","supported_nips":[1,11]}')],
  ['a limitation that is none', (response) => response.end('{"limitation":[1,2]}')],
  ['limits that are none', (response) => response.end(JSON.stringify({ limitation: wrong }))],
  ['fractions', (response) => response.end('{"limitation":{"max_limit":2.5,"max_subid_length":0.5}}')],
  [
    '100 kB',
    (response) =>
      response.end(`{"x":"${'x'.repeat(100_000)}","limitation":{"max_subid_length":3,"max_limit":3}}`),
  ],
  ['half of it', (response) => void response.writeHead(200, { 'content-length': 99 }).end('{"limit')],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
])('a NIP-11 document that says %s counts as none', async (_name, answer) => {
  const { disconnect, ended, google, odd, phone, protocol, server } = await setInformedScene(answer);
  await ended.atLeast(1);
  const alice = await phone();
  const before = protocol.requests.count;
  disconnect();
  protocol.store.keep(eventFor([alice.tradePubkey]));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  await untilLine(server, odd, { served: [1059, 14], recovering: [], reconnects: 1 });
  for (const { filters, subscription } of protocol.requests.all.slice(before)) {
    expect(subscription).toHaveLength(16);
    expect([0, 500]).toContain(filters[0]?.limit);
  }
});
