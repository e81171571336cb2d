import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { discovered, kindsAsked, listsOf, relayList, setDiscoveryScene } from '../support/discovery-scene.ts';
import { freePort } from '../support/free-port.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { relayLines, untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor, flipped } from '../support/wire-events.ts';

const UNPROVEN = 'mostro_push_relays_unproven';

test('with MOSTRO_RELAY_DISCOVERY a relay is asked once for the lists of the instances, stored ones and those to come', async () => {
  const { mostro, relay } = await setDiscoveryScene();
  const lists = relay.requests.all.filter(({ filters }) => filters[0]?.kinds?.[0] === 10_002);
  expect(lists.map(({ filters }) => filters)).toEqual([
    [{ kinds: [10_002], authors: [mostro.pubkey], limit: 1 }],
  ]);
});

test.each([
  ['unmarked', []],
  ['for writing', ['write']],
])(
  'with MOSTRO_RELAY_DISCOVERY a relay that an instance lists %s is watched, and both kinds wake by it',
  async (_name, mark) => {
    const { google, mostro, other, phone, relay, server } = await setDiscoveryScene();
    relay.broadcast(relayList(mostro, 1, [other.url, ...mark]));
    await untilLine(server, other, { state: 'live', served: [1059, 14], discovered: true });
    const [alice, bob] = [await phone(), await phone()];
    other.broadcast(mostro.giftWrap(alice.tradePubkey));
    other.broadcast(mostro.message(bob.tradePubkey));
    const pushes = await google.pushes.atLeast(2);
    expect(pushes.map(({ token }) => token).toSorted()).toEqual([alice.token, bob.token].toSorted());
    await untilLine(server, relay, { discovered: false });
  },
);

test('with MOSTRO_RELAY_DISCOVERY the list that a relay has stored counts too, also one that a discovered relay has', async () => {
  const mostro = keep(new Daemon());
  const third = keep(await RelayStandIn.start());
  const second = keep(await RelayStandIn.start());
  const first = keep(await RelayStandIn.start());
  first.store(relayList(mostro, 1, [second.url]));
  second.store(relayList(mostro, 2, [second.url], [third.url]));
  const environment = { MOSTRO_PUBKEYS: mostro.pubkey, MOSTRO_RELAY_DISCOVERY: 'true' };
  const { server } = await setScene({ relays: [first], environment });
  await untilLine(server, second, { state: 'live', discovered: true, reconnects: 0 });
  await untilLine(server, third, { state: 'live', discovered: true });
  expect((await relayLines(server)).map(({ url }) => url)).toEqual([first.url, second.url, third.url]);
});

test('with MOSTRO_RELAY_DISCOVERY what a relay has stored since the start is recovered when it is discovered', async () => {
  const { google, mostro, other, phone, relay, server } = await setDiscoveryScene();
  const alice = await phone();
  other.store(mostro.message(alice.tradePubkey));
  relay.broadcast(relayList(mostro, 1, [other.url]));
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
  await untilLine(server, other, { recovering: [] });
  expect(google.pushes.count).toBe(1);
});

test('with MOSTRO_RELAY_DISCOVERY a discovered relay that is lost is dialled again, and what it stored meanwhile wakes', async () => {
  const { google, mostro, other, phone, relay, server } = await setDiscoveryScene();
  relay.broadcast(relayList(mostro, 1, [other.url]));
  await untilLine(server, other, { state: 'live', served: [1059, 14] });
  const alice = await phone();
  other.store(mostro.giftWrap(alice.tradePubkey, { backdatedHours: 40 }));
  other.disconnectAll();
  await google.pushes.atLeast(1);
  await untilLine(server, other, { state: 'live', reconnects: 1, discovered: true });
});

test('with MOSTRO_RELAY_DISCOVERY two instances have a relay each', async () => {
  const [second, third] = [keep(new Daemon()), keep(await RelayStandIn.start())];
  const first = keep(new Daemon());
  const environment = { MOSTRO_PUBKEYS: `${first.pubkey},${second.pubkey}` };
  const scene = await setDiscoveryScene({ environment });
  scene.relay.broadcast(relayList(first, 1, [scene.other.url]));
  scene.relay.broadcast(relayList(second, 1, [third.url]));
  await untilLine(scene.server, scene.other, { state: 'live' });
  await untilLine(scene.server, third, { state: 'live' });
  // One instance lists nothing any more. The relay of the other stays.
  scene.relay.broadcast(relayList(first, 2));
  await expect.poll(() => scene.other.clientCount).toBe(0);
  expect(await discovered(scene)).toEqual([third.url]);
});

test('with MOSTRO_RELAY_DISCOVERY no more than twenty relays are followed', async () => {
  const scene = await setDiscoveryScene();
  const many = Array.from({ length: 30 }, (_, n) => [`${scene.other.url}/${n}`]);
  scene.relay.broadcast(relayList(scene.mostro, 1, ...many));
  await expect.poll(() => discovered(scene)).toHaveLength(20);
  expect(scene.other.clientCount).toBe(20);
});

test('with MOSTRO_RELAY_DISCOVERY a relay that is named is shown once it has been live, and from then on also while it is lost', async () => {
  const scene = await setDiscoveryScene();
  const { mostro, other, relay, server } = scene;
  const nowhere = `ws://127.0.0.1:${await freePort()}`;
  relay.broadcast(relayList(mostro, 1, [nowhere], [other.url]));
  await untilLine(server, other, { state: 'live', discovered: true });
  expect(await discovered(scene)).toEqual([other.url]);
  await untilMetric(server, UNPROVEN, 1);
  const { text } = await call(`${server.adminUrl}/metrics`);
  expect(text).not.toContain(new URL(nowhere).host);
  await other.stop();
  await untilLine(server, other, { state: 'waiting', discovered: true });
  await untilMetric(server, UNPROVEN, 1);
});

test('with MOSTRO_RELAY_DISCOVERY a list that changes all the time has no more than forty relays dialled at once', async () => {
  const { mostro, relay, server } = await setDiscoveryScene();
  const port = await freePort();
  for (let version = 1; version <= 3; version++) {
    const many = Array.from({ length: 20 }, (_, n) => [`ws://127.0.0.1:${port}/${version}/${n}`]);
    relay.broadcast(relayList(mostro, version, ...many));
    await untilMetric(server, listsOf('adopted'), version);
  }
  // Every 15 seconds one more dial is allowed: on a busy machine there may be one or two more.
  expect(await server.metric(UNPROVEN)).toBeLessThan(5);
});

test.each<[string, (url: string) => string[]]>([
  ['a relay marked for reading', (url) => [url, 'read']],
  ['an http address', (url) => [url.replace('ws', 'http')]],
  ['an address with credentials', (url) => [url.replace('//', '//alice:sesame@')]],
  ['no address', () => ['somewhere']],
  ['an empty address', () => ['']],
])('nothing follows from %s in a list; the rest of that list counts', async (_name, tag) => {
  const scene = await setDiscoveryScene();
  const third = keep(await RelayStandIn.start());
  scene.relay.broadcast(relayList(scene.mostro, 1, tag(scene.other.url), [third.url]));
  await untilLine(scene.server, third, { state: 'live' });
  expect(await discovered(scene)).toEqual([third.url]);
  expect(scene.other.requests.count).toBe(0);
});

test('nothing follows from a list that is forged, of a stranger, dated far ahead, expired, or older than the one that counts', async () => {
  const scene = await setDiscoveryScene();
  const { mostro, other, relay, server, woken } = scene;
  const third = keep(await RelayStandIn.start());
  relay.broadcast(relayList(mostro, 20, [third.url]));
  await untilLine(server, third, { state: 'live' });
  const send = (list: object): void =>
    relay.sendRaw(JSON.stringify(['EVENT', relay.liveSubscription(10_002), list]));
  const { secretKey } = mostro;
  const list = { kind: 10_002, tags: [['r', other.url]], secretKey };
  const ago = Math.floor(Date.now() / 1000) - 10;
  for (const member of ['id', 'sig', 'content'] as const) send(flipped(eventFor([], list), member));
  send(eventFor([], { ...list, secretKey: keep(new Daemon()).secretKey }));
  send({ ...eventFor([], { ...list, secretKey: keep(new Daemon()).secretKey }), pubkey: mostro.pubkey });
  send(eventFor([], { ...list, ageSeconds: -7200 }));
  send(eventFor([], { ...list, tags: [...list.tags, ['expiration', String(ago)]] }));
  send(relayList(mostro, 19, [other.url]));
  send({ ...eventFor([], list), kind: 10_003 });
  await untilMetric(server, 'mostro_push_relay_frames_rejected_total{reason="not_asked_for"}', 1);
  expect(await server.metric(listsOf('adopted'))).toBe(1);
  expect(await server.metric(listsOf('forged'))).toBe(4);
  expect(await server.metric(listsOf('ignored'))).toBe(4);
  expect(await woken()).toEqual([]);
  expect(await discovered(scene)).toEqual([third.url]);
  expect(other.requests.count).toBe(0);
});

test('nothing follows from lists that this server cannot read, which anybody can publish: not even a ban of the relay', async () => {
  const scene = await setDiscoveryScene();
  const { mostro, other, relay, server } = scene;
  const list = { ...relayList(mostro, 1, [other.url]), tags: [['r', 1]] };
  const frame = JSON.stringify(['EVENT', relay.liveSubscription(10_002), list]);
  for (let n = 0; n < 400; n++) relay.sendRaw(frame);
  await untilMetric(server, listsOf('ignored'), 400);
  expect(await server.metric('mostro_push_relay_bans_total{reason="rubbish"}')).toBe(0);
  relay.broadcast(relayList(mostro, 2, [other.url]));
  await untilLine(server, other, { state: 'live' });
});

test('nothing follows from a list, unless MOSTRO_RELAY_DISCOVERY is on: none is asked for', async () => {
  const mostro = keep(new Daemon());
  const { relay, server } = await setScene({ environment: { MOSTRO_PUBKEYS: mostro.pubkey } });
  expect(kindsAsked(relay)).toEqual([1059, 14]);
  expect(await relayLines(server)).toHaveLength(1);
});
