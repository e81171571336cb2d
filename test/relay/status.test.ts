import { createServer as createMuteServer } from 'node:net';

import { expect, test } from 'vitest';

import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { call } from '../support/http.ts';
import { freePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { relayLines, setSceneBeside, untilLine } from '../support/relay-lines.ts';
import { setScene } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const NEVER = { baseMs: 1, maxMs: 1, minMs: 3_600_000 };

test('GET /api/status says of a relay that all is well, field by field, after everything that it has always said', async () => {
  const { relay, server } = await setScene();
  const { text } = await call(`${server.apiUrl}/api/status`);
  expect(text).toBe(
    `{"status":"running","version":"0.0.0-test","server_pubkey":"${server.publicKey}",` +
      `"tokens":{"total":0,"android":0,"ios":0,"webpush":0},"relays":[{"url":"${relay.url}","state":"live",` +
      '"served":[1059,14],"restricted":[],"recovering":[],"authentication":"none","reconnects":0,"discovered":false}]}',
  );
});

test('GET /api/status says of a relay only the kinds that NOSTR_KINDS names', async () => {
  const { relay, server } = await setScene({ environment: { NOSTR_KINDS: '14' } });
  await untilLine(server, relay, { state: 'live', served: [14], restricted: [] });
});

test('GET /api/status says of a relay its scheme, host and port: neither user nor password nor path nor query', async () => {
  const relay = keep(await RelayStandIn.start());
  const secret = `ws://alice:sesame@127.0.0.1:${relay.port}/secret/path/?key=secret`;
  const { server } = await setScene({ relays: [relay], environment: { NOSTR_RELAYS: secret } });
  const status = await call(`${server.apiUrl}/api/status`);
  const metrics = await call(`${server.adminUrl}/metrics`);
  expect(await relayLines(server)).toMatchObject([{ url: relay.url, state: 'live' }]);
  for (const { text } of [status, metrics]) expect(text).not.toMatch(/alice|sesame|secret|path/);
});

test('GET /api/status says of a relay that it is connecting, as long as it does not shake hands', async () => {
  const { port } = keep(await LoopbackServer.listen(createMuteServer()));
  const url = `ws://127.0.0.1:${port}`;
  const server = keep(await startTestServer({ environment: { NOSTR_RELAYS: url } }));
  await untilLine(server, { url }, { state: 'connecting', served: [], restricted: [], reconnects: 0 });
});

test('GET /api/status says of a relay that it is connected, until the first subscription is live', async () => {
  const relay = keep(await RelayStandIn.start());
  relay.pauseAnswers();
  const server = keep(await startTestServer({ environment: { NOSTR_RELAYS: relay.url } }));
  await untilLine(server, relay, { state: 'connected', served: [] });
  relay.resumeAnswers();
  await untilLine(server, relay, { state: 'live', served: [1059, 14] });
});

test('GET /api/status says of a relay that it waits to be dialled, and no other relay is affected', async () => {
  const url = `ws://127.0.0.1:${await freePort()}`;
  const relay = keep(await RelayStandIn.start());
  const environment = { NOSTR_RELAYS: `${url},${relay.url}` };
  const { server } = await setScene({ relays: [relay], environment, relayTiming: { reconnect: NEVER } });
  await untilLine(server, { url }, { state: 'waiting', served: [], recovering: [], reconnects: 0 });
  expect((await relayLines(server)).map((line) => line.url)).toEqual([url, relay.url]);
  await untilLine(server, relay, { state: 'live' });
});

test('GET /api/status says of a relay that it waits once it is lost, and how often it was connected again', async () => {
  const { relay, server } = await setScene();
  for (let cut = 1; cut <= 3; cut++) {
    relay.disconnectAll();
    await untilLine(server, relay, { state: 'live', served: [1059, 14], reconnects: cut });
  }
  await relay.stop();
  await untilLine(server, relay, { state: 'waiting', served: [], reconnects: 3 });
});

test('GET /api/status says of a relay that it is banned, and no other relay is', async () => {
  const { other, relay, server } = await setSceneBeside({}, { relayTiming: { penalty: NEVER } });
  await untilLine(server, other, { state: 'live' });
  for (let n = 0; n < 310; n++) other.sendRaw('rubbish');
  await untilLine(server, other, { state: 'banned', served: [], restricted: [], reconnects: 0 });
  await untilLine(server, relay, { state: 'live', served: [1059, 14] });
});

test('GET /api/status says of a relay which kinds it is recovering, as long as it does', async () => {
  const { google, phone, relay, server } = await setScene();
  const alice = await phone();
  const requests = relay.requests.count;
  relay.disconnectAll();
  relay.store(eventFor([alice.tradePubkey]));
  relay.store(eventFor([alice.tradePubkey], { kind: 14 }));
  await relay.requests.atLeast(requests + 2);
  relay.pauseAnswers();
  await relay.heldFrames.atLeast(1);
  await untilLine(server, relay, { state: 'live', served: [1059, 14], recovering: [1059, 14] });
  relay.resumeAnswers();
  await google.pushes.atLeast(1);
  await untilLine(server, relay, { recovering: [] });
});

test('a relay that waits to be dialled is dialled soon when the last other relay is lost too', async () => {
  const relayTiming = { reconnect: NEVER, reconnectAloneMs: 50 };
  const { other, relay, server } = await setSceneBeside({}, { relayTiming });
  await untilLine(server, other, { state: 'live' });
  await other.stop();
  await untilLine(server, other, { state: 'waiting' });
  const back = keep(await RelayStandIn.start({ port: other.port }));
  expect(back.clientCount).toBe(0);
  await relay.stop();
  await untilLine(server, back, { state: 'live', served: [1059, 14] });
});
