import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createMuteServer } from 'node:net';

import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { eventFor } from '../support/wire-events.ts';
import { keep } from '../support/keep.ts';
import { registeredPhone, setScene, untilMetric } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';

const live = (relay: { port: number }): string =>
  `mostro_push_relay_subscriptions_live{relay="127.0.0.1:${relay.port}"}`;

test('a relay is asked one REQ for each kind, without authors, without since, with limit 0', async () => {
  const { relay } = await setScene();
  const requests = relay.requests.all.map(({ filters }) => filters);
  expect(requests).toEqual([[{ kinds: [1059], limit: 0 }], [{ kinds: [14], limit: 0 }]]);
});

test('NOSTR_KINDS=14 has relays asked for kind 14 alone', async () => {
  const { relay } = await setScene({ environment: { NOSTR_KINDS: '14' } });
  expect(relay.requests.all.map(({ filters }) => filters)).toEqual([[{ kinds: [14], limit: 0 }]]);
});

test('subscription ids are new on every connection', async () => {
  const { relay } = await setScene();
  relay.disconnectAll();
  await Promise.all([relay.subscribed(1059, 2), relay.subscribed(14, 2)]);
  const ids = relay.requests.all.map(({ subscription }) => subscription);
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id.length).toBeLessThanOrEqual(64);
});

test('a relay that refuses kind 1059 delivers kind 14, and is asked again for 1059', async () => {
  const relay = keep(await RelayStandIn.start({ refuseKinds: [1059] }));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url };
  const server = keep(await startTestServer({ google, environment }));
  await relay.subscribed(14);
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });

  relay.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
  await relay.requests.atLeast(3, { where: ({ filters }) => filters[0]?.kinds?.[0] === 1059 });
  expect(relay.requests.all.filter(({ filters }) => filters[0]?.kinds?.[0] === 14)).toHaveLength(1);
  expect(relay.clientCount).toBe(1);
});

test('a relay that never sends EOSE counts as live after the time it is given', async () => {
  const relay = keep(await RelayStandIn.start({ silentEose: true }));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const server = keep(
    await startTestServer({
      google,
      environment: { NOSTR_RELAYS: relay.url },
      relayTiming: { eoseTimeoutMs: 50 },
    }),
  );
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
  await untilMetric(server, live(relay), 2);
  relay.broadcast(eventFor([alice.tradePubkey]));
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
});

test('a relay that closes a live subscription is asked again, and its next event arrives', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  relay.sendRaw(JSON.stringify(['CLOSED', relay.liveSubscription(1059), 'error: shutting down idle']));
  await relay.subscribed(1059, 2);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  expect(relay.clientCount).toBe(1);
});

test('a relay that closes a subscription and sends EOSE for it all the same is asked again', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  const id = relay.liveSubscription(1059);
  relay.sendRaw(JSON.stringify(['CLOSED', id, 'auth-required: not yet']));
  relay.sendRaw(JSON.stringify(['EOSE', id]));
  await relay.subscribed(1059, 2);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});

test('a relay that answers no ping is given up and dialled again', async () => {
  const sockets = new WebSocketServer({ noServer: true, autoPong: false });
  const http = createServer();
  http.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, () => undefined),
  );
  const { port } = keep(await LoopbackServer.listen(http));
  keep(
    await startTestServer({
      environment: { NOSTR_RELAYS: `ws://127.0.0.1:${port}` },
      relayTiming: { pingIntervalMs: 30, pongTimeoutMs: 30 },
    }),
  );
  await once(http, 'upgrade');
  await once(http, 'upgrade');
});

test('a relay that accepts the connection and never shakes hands is dialled again', async () => {
  const mute = createMuteServer();
  const { port } = keep(await LoopbackServer.listen(mute));
  keep(
    await startTestServer({
      environment: { NOSTR_RELAYS: `ws://127.0.0.1:${port}` },
      relayTiming: { handshakeTimeoutMs: 50 },
    }),
  );
  await once(mute, 'connection');
  await once(mute, 'connection');
});
