import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { discovered, kindsAsked, listsOf, relayList, setDiscoveryScene } from '../support/discovery-scene.ts';
import { freePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

test('a newer relay list ends the connection to a relay that it does not name, and disturbs none that stays', async () => {
  const scene = await setDiscoveryScene();
  const { google, mostro, other, phone, relay, server, woken } = scene;
  const stays = keep(await RelayStandIn.start());
  relay.broadcast(relayList(mostro, 1, [other.url], [stays.url]));
  await untilLine(server, other, { state: 'live', served: [1059, 14] });
  await untilLine(server, stays, { state: 'live', served: [1059, 14] });
  relay.broadcast(relayList(mostro, 2, [stays.url]));
  await expect.poll(() => other.clientCount).toBe(0);
  expect(await discovered(scene)).toEqual([stays.url]);

  const alice = await phone();
  stays.broadcast(mostro.message(alice.tradePubkey));
  await google.pushes.atLeast(1);
  expect(await woken()).toEqual([alice.token]);
  for (const one of [relay, stays]) {
    expect(kindsAsked(one)).toEqual([1059, 14, 10_002]);
    expect(one.clientCount).toBe(1);
  }
  expect(other.requests.count).toBe(3);
});

test('a newer relay list that drops the relay which delivers it ends the connection to it all the same', async () => {
  const scene = await setDiscoveryScene();
  const { mostro, other, relay, server } = scene;
  relay.broadcast(relayList(mostro, 1, [other.url]));
  await other.subscribed(10_002);
  other.broadcast(relayList(mostro, 2));
  await expect.poll(() => other.clientCount).toBe(0);
  expect(await discovered(scene)).toEqual([]);
  await untilLine(server, relay, { state: 'live', reconnects: 0 });
});

test('a newer relay list that names a dropped relay again has it watched again, with what it stored meanwhile', async () => {
  const { google, mostro, other, phone, relay, server } = await setDiscoveryScene();
  const alice = await phone();
  relay.broadcast(relayList(mostro, 1, [other.url]));
  await untilLine(server, other, { state: 'live' });
  relay.broadcast(relayList(mostro, 2));
  await expect.poll(() => other.clientCount).toBe(0);
  other.store(mostro.message(alice.tradePubkey));
  relay.broadcast(relayList(mostro, 3, [other.url]));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  await untilLine(server, other, { state: 'live', served: [1059, 14], discovered: true });
  other.broadcast(mostro.giftWrap(alice.tradePubkey));
  await google.pushes.atLeast(2);
  expect(other.clientCount).toBe(1);
});

test('a newer relay list that still names a relay keeps its connection, whatever the order and the spelling', async () => {
  const { mostro, other, relay, server, woken } = await setDiscoveryScene();
  relay.broadcast(relayList(mostro, 1, [other.url]));
  await untilLine(server, other, { state: 'live', served: [1059, 14] });
  const elsewhere = `ws://127.0.0.1:${await freePort()}`;
  relay.broadcast(relayList(mostro, 2, [elsewhere], [`${other.url.replace('ws', 'WS')}/#main`]));
  await untilMetric(server, listsOf('adopted'), 2);
  await woken();
  await untilLine(server, other, { state: 'live', reconnects: 0 });
  expect(kindsAsked(other)).toEqual([1059, 14, 10_002]);
});

test('a configured relay that an instance lists too is not dialled twice, and stays when the list no longer names it', async () => {
  const scene = await setDiscoveryScene();
  const { mostro, other, relay, phone, server, woken } = scene;
  relay.broadcast(relayList(mostro, 1, [relay.url], [`${relay.url}/`], [other.url]));
  await untilLine(server, other, { state: 'live' });
  expect(await discovered(scene)).toEqual([other.url]);
  relay.broadcast(relayList(mostro, 2));
  await untilMetric(server, listsOf('adopted'), 2);
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  expect(kindsAsked(relay)).toEqual([1059, 14, 10_002]);
  expect(relay.clientCount).toBe(1);
});

test('a configured relay that an instance lists too is the same relay with credentials, another scheme or a dot behind its name', async () => {
  const [mostro, relay] = [keep(new Daemon()), keep(await RelayStandIn.start())];
  const place = `localhost:${relay.port}/inbox`;
  const { server } = await setScene({
    relays: [relay],
    environment: {
      NOSTR_RELAYS: `ws://alice:sesame@${place}`,
      MOSTRO_PUBKEYS: mostro.pubkey,
      MOSTRO_RELAY_DISCOVERY: 'true',
    },
  });
  await relay.subscribed(10_002);
  const spellings = [`ws://${place}`, `wss://${place}`, `ws://${place.replace(':', '.:')}`];
  relay.broadcast(relayList(mostro, 1, ...spellings.map((url) => [url])));
  await untilMetric(server, listsOf('adopted'), 1);
  expect(await server.metric('mostro_push_relays_unproven')).toBe(0);
  expect(relay.clientCount).toBe(1);
});
