import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { freePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { registeredPhone } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

test('what a relay has stored when it is first subscribed to wakes no device, whether gift wrap or kind 14, except a kind 14 newer than the registration', async () => {
  const relay = keep(await RelayStandIn.start({ silentEose: true }));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url };
  const server = keep(await startTestServer({ google, environment }));
  const phone = (): ReturnType<typeof registeredPhone> =>
    registeredPhone({ name: 'phone', serverUrl: server.apiUrl, kind: 'android' });
  await relay.requests.atLeast(2);
  const [wrapped, late, early, sentinel] = [await phone(), await phone(), await phone(), await phone()];

  // Events before EOSE are those that the relay has stored.
  relay.broadcast(eventFor([wrapped.tradePubkey], { ageSeconds: -1 }));
  relay.broadcast(eventFor([early.tradePubkey], { kind: 14, ageSeconds: 60 }));
  relay.broadcast(eventFor([late.tradePubkey], { kind: 14, ageSeconds: -1 }));
  for (const kind of [1059, 14]) relay.sendRaw(JSON.stringify(['EOSE', relay.liveSubscription(kind)]));
  relay.broadcast(eventFor([sentinel.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === sentinel.token });

  expect(await server.metric('mostro_push_events_matched_total')).toBe(4);
  expect(google.pushes.all.map(({ token }) => token)).toEqual([late.token, sentinel.token]);
});

test('what a relay has stored when it is first subscribed to wakes where the relay was reached late: what it stored since the start fell into a gap', async () => {
  const port = await freePort();
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: `ws://127.0.0.1:${port}` };
  const server = keep(await startTestServer({ google, environment }));
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
  const relay = keep(await RelayStandIn.start({ port, sendStoredDespiteLimitZero: true }));
  relay.store(eventFor([alice.tradePubkey]));
  relay.disconnectAll();
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
});

test('what a relay has stored when it is first subscribed to wakes where another relay delivers it live: as stored it suppresses nothing', async () => {
  const [storing, live] = [
    keep(await RelayStandIn.start({ silentEose: true })),
    keep(await RelayStandIn.start()),
  ];
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: `${storing.url},${live.url}` };
  const server = keep(await startTestServer({ google, environment }));
  await Promise.all([storing.requests.atLeast(2), live.subscribed(1059)]);
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
  const event = eventFor([alice.tradePubkey]);
  storing.broadcast(event);
  await expect.poll(() => server.metric('mostro_push_events_rejected_total{reason="not_new"}')).toBe(1);
  live.broadcast(event);
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
});

test('what a relay has stored when it is first subscribed to wakes, once it was subscribed to before: what it stored meanwhile fell into a gap', async () => {
  const relay = keep(await RelayStandIn.start({ sendStoredDespiteLimitZero: true }));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const server = keep(await startTestServer({ google, relays: [relay] }));
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
  relay.store(eventFor([alice.tradePubkey]));
  relay.disconnectAll();
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
});
