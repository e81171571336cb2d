import { once } from 'node:events';
import { connect } from 'node:net';

import {
  finalizeEvent,
  generateSecretKey,
  getPublicKey,
  type NostrEvent,
  verifyEvent,
} from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { RelayReader } from '../../stand-ins/relay-reader.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { RubbishRelay } from '../../stand-ins/rubbish-relay.ts';
import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import { keep } from '../support/keep.ts';
import { eventFor, flipped } from '../support/wire-events.ts';

const clientOf = async (url: string): Promise<RelayReader> => keep(await RelayReader.connect(url));
const id = (digit: number): string => String(digit).repeat(64);
const now = (): number => Math.floor(Date.now() / 1000);

const stored = [
  [3, 100],
  [1, 200],
  [5, 200],
  [2, 200],
  [4, 300],
].map(([digit = 0, created_at = 0]) => Object.assign(eventFor([]), { id: id(digit), created_at }));

test.each([
  ['come newest first, in the same second by lowest id', {}, {}, [4, 1, 2, 5, 3]],
  ['are no more than maxLimit', { maxLimit: 3 }, {}, [4, 1, 2]],
  ['are no more than maxLimit where more are asked for', { maxLimit: 3 }, { limit: 4 }, [4, 1, 2]],
  ['are no more than asked for', { maxLimit: 3 }, { limit: 2 }, [4, 1]],
  ['are within since and until, both inclusive', {}, { since: 200, until: 200 }, [1, 2, 5]],
  ['are the newest also where they come oldest first', { maxLimit: 3, oldestFirst: true }, {}, [2, 1, 4]],
])('a REQ to the stand-in: stored events %s', async (_name, options, filter, expected) => {
  const relay = keep(await RelayStandIn.start(options));
  const client = await clientOf(relay.url);
  relay.storeAll(stored.slice(0, 3));
  for (const event of stored.slice(3)) relay.store(event);
  expect(await client.page({ kinds: [1059], ...filter })).toEqual(expected.map(id));
});

const secretKey = generateSecretKey();
const authEvent = (url: string, challenge: string, parts: object = {}): NostrEvent => {
  const tags = [
    ['relay', url],
    ['challenge', challenge],
  ];
  const template = { kind: 22_242, created_at: now(), tags, content: '', ...parts };
  return JSON.parse(JSON.stringify(finalizeEvent(template, secretKey))) as NostrEvent;
};

test.each<[string, (url: string, challenge: string) => NostrEvent]>([
  ['another kind', (url, challenge) => authEvent(url, challenge, { kind: 22_243 })],
  ['another challenge', (url, challenge) => authEvent(url, `${challenge}0`)],
  ['no tags', (url, challenge) => authEvent(url, challenge, { tags: [] })],
  ['another relay', (_url, challenge) => authEvent('ws://127.0.0.1:9', challenge)],
  ['another time', (url, challenge) => authEvent(url, challenge, { created_at: now() - 700 })],
  ['a forged signature', (url, challenge) => flipped(authEvent(url, challenge), 'sig')],
  ['another author', (url, challenge) => flipped(authEvent(url, challenge), 'pubkey')],
])(
  'an AUTH event with %s lets no client in at the stand-in, and the right one does',
  async (_name, wrong) => {
    const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059] } }));
    const client = await clientOf(relay.url);
    const challenged = client.frames.next(([type]) => type === 'AUTH');
    const refused = ['CLOSED', 'wraps', expect.stringMatching(/^auth-required: /)];
    expect(await client.ask(['CLOSED', 'EOSE'], 'REQ', 'wraps', { kinds: [1059] })).toEqual(refused);
    const [, challenge] = await challenged;
    expect(await client.ask(['OK'], 'AUTH', wrong(relay.url, String(challenge)))).toMatchObject({ 2: false });
    expect(await client.ask(['CLOSED', 'EOSE'], 'REQ', 'wraps', { kinds: [1059] })).toEqual(refused);
    const right = authEvent(`${relay.url}/`, String(challenge));
    expect(await client.ask(['OK'], 'AUTH', right)).toMatchObject({ 2: true });
    expect(await client.ask(['CLOSED', 'EOSE'], 'REQ', 'wraps', { kinds: [1059] })).toEqual([
      'EOSE',
      'wraps',
    ]);
    expect([relay.auths.count, relay.requests.count]).toEqual([2, 3]);
    expect(client.frames.all.filter(([type]) => type === 'AUTH')).toHaveLength(1);
  },
);

test('a client that has authenticated and is not admitted is told so by the stand-in; with refuseAuth no client gets that far', async () => {
  const auth = { kinds: [1059], challengeOnConnect: true, admit: () => false };
  const relay = keep(await RelayStandIn.start({ auth }));
  const closed = keep(await RelayStandIn.start({ auth, refuseAuth: true }));
  for (const { url } of [relay, closed]) {
    const client = await clientOf(url);
    const [[, challenge] = []] = await client.frames.atLeast(1);
    const taken = await client.ask(['OK'], 'AUTH', authEvent(url, String(challenge)));
    expect(taken).toMatchObject({ 2: url === relay.url });
    const answer = await client.ask(['CLOSED', 'EOSE'], 'REQ', 'wraps', { kinds: [1059] });
    expect(answer[2]).toMatch(url === relay.url ? /^restricted: / : /^auth-required: /);
  }
});

test('a withholding stand-in leaves out stored and live events without a word until the client is let in', async () => {
  const admitted: string[] = [];
  const auth = { kinds: [1059], withhold: true, admit: (key: string) => admitted.includes(key) };
  const relay = keep(await RelayStandIn.start({ auth }));
  const [wrap, message] = [eventFor([id(1)]), eventFor([id(1)], { kind: 14 })];
  relay.storeAll([wrap, message]);
  const client = await clientOf(relay.url);
  const challenged = client.frames.next(([type]) => type === 'AUTH');
  const live = async (): Promise<unknown> => {
    const next = client.frames.next(([type]) => type === 'EVENT');
    for (const event of [wrap, message]) relay.broadcast(event);
    return (await next)[2];
  };
  expect(await client.page({ kinds: [1059] })).toEqual([]);
  expect(await client.page({ kinds: [1059, 14] })).toEqual([message.id]);
  expect(await live()).toEqual(message);
  expect(await client.ask(['OK'], 'AUTH', authEvent(relay.url, String((await challenged)[1])))).toMatchObject(
    { 2: true },
  );
  expect(await client.page({ kinds: [1059, 14] })).toEqual([message.id]);
  admitted.push(getPublicKey(secretKey));
  expect(await client.page({ kinds: [1059] })).toEqual([wrap.id]);
  expect(await live()).toEqual(wrap);
  expect(client.frames.all.some(([type]) => type === 'CLOSED')).toBe(false);
});

test('paused answers come in their order, and dropped subscriptions are heard of no more', async () => {
  const relay = keep(await RelayStandIn.start());
  const client = await clientOf(relay.url);
  relay.pauseAnswers();
  for (const name of ['a', 'b']) client.say('REQ', name, { kinds: [1059] });
  await relay.heldFrames.atLeast(2);
  expect([relay.requests.count, client.frames.count]).toEqual([0, 0]);
  relay.resumeAnswers();
  expect(await client.frames.atLeast(2)).toEqual([
    ['EOSE', 'a'],
    ['EOSE', 'b'],
  ]);
  relay.dropSubscriptionsSilently();
  relay.broadcast(eventFor([id(1)]));
  await client.ask(['EOSE'], 'REQ', 'c', { kinds: [1059] });
  relay.closeSubscriptions(1059, 'error: enough');
  relay.broadcast(eventFor([id(1)]));
  await client.ask(['EOSE'], 'REQ', 'd', { kinds: [14] });
  expect(client.frames.all.slice(2)).toEqual([
    ['EOSE', 'c'],
    ['CLOSED', 'c', 'error: enough'],
    ['EOSE', 'd'],
  ]);
});

test('a line through the TCP proxy that is frozen carries nothing and ends nothing, while a new one passes', async () => {
  const relay = keep(await RelayStandIn.start());
  const proxy = keep(await TcpProxy.start(relay.port));
  const frozen = await clientOf(proxy.url);
  await frozen.ask(['EOSE'], 'REQ', 'a', { kinds: [1059] });
  proxy.freeze();
  frozen.say('REQ', 'b', { kinds: [1059] });
  relay.broadcast(eventFor([id(1)]));
  relay.disconnectAll();
  const fresh = await clientOf(proxy.url);
  for (const name of ['c', 'd']) await fresh.ask(['EOSE'], 'REQ', name, { kinds: [1059] });
  expect(relay.requests.all.map(({ subscription }) => subscription)).toEqual(['a', 'c', 'd']);
  expect([frozen.frames.count, frozen.isOpen]).toEqual([1, true]);
  expect([proxy.connections, proxy.accepted.count]).toEqual([2, 2]);
});

test('a line through the TCP proxy that is reset, by itself, by the relay behind it or at once, is reset for the client', async () => {
  const relay = keep(await RelayStandIn.start());
  const proxy = keep(await TcpProxy.start(relay.port));
  for (const cut of [() => proxy.reset(), () => relay.resetAll()]) {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: relay\r\n\r\n');
    await once(socket, 'data');
    cut();
    expect(await once(socket, 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
  }
  proxy.refuse(true);
  expect(await once(connect(proxy.port, '127.0.0.1'), 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
  expect(proxy.connections).toBe(0);
});

test('a rubbish relay floods the own subscriptions of a client with genuine events', async () => {
  const relay = keep(await RubbishRelay.start({ make: 'strangers', bytesPerSecond: 1_000_000 }));
  const client = await clientOf(relay.url);
  client.say('REQ', 'wraps', { kinds: [1059] });
  const [eose, ...events] = await client.frames.atLeast(20);
  expect(eose).toEqual(['EOSE', 'wraps']);
  expect(events.every(([type, name]) => type === 'EVENT' && name === 'wraps')).toBe(true);
  expect(events.every(([, , event]) => verifyEvent(event as NostrEvent))).toBe(true);
});
