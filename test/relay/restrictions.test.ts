import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import type { RelayOptions } from '../../stand-ins/relay-options.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { isLiveRequest, liveRequests, setSceneBeside, untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const stranger = (): string => getPublicKey(generateSecretKey());
const otherKind = (kind: number): number => (kind === 1059 ? 14 : 1059);

const PASSING = ['duplicate', 'rate-limited', 'error', 'other'];
const REFUSING = ['pow', 'blocked', 'invalid', 'restricted', 'mute', 'auth-required', 'unsupported'];
const message = (prefix: string): string => (prefix === 'other' ? 'go away' : `${prefix}: go away`);
const everyCase = [...PASSING, ...REFUSING].flatMap((prefix) => [1059, 14].map((kind) => ({ prefix, kind })));

test.each(everyCase)(
  'a subscription that the relay closes with the prefix $prefix, to kind $kind, is asked for again, what was missed wakes once, the other kind goes on',
  async ({ prefix, kind }) => {
    const { google, phone, relay, server, woken } = await setScene();
    const [alice, bob] = [await phone(), await phone()];
    relay.closeSubscriptions(kind, message(prefix));
    const missed = eventFor([alice.tradePubkey], { kind });
    relay.store(missed);
    relay.broadcast(eventFor([bob.tradePubkey], { kind: otherKind(kind) }));
    await google.pushes.atLeast(2);
    await untilLine(server, relay, { served: [1059, 14], restricted: [], recovering: [], reconnects: 0 });
    relay.broadcast(missed);
    expect((await woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
    expect(liveRequests(relay, otherKind(kind))).toHaveLength(1);
    expect(relay.clientCount).toBe(1);
  },
);

test.each(PASSING)(
  'a subscription that the relay closes with the prefix %s is merely not served for a while',
  async (prefix) => {
    const { relay, server } = await setScene();
    relay.pauseAnswers();
    relay.closeSubscriptions(1059, message(prefix));
    await untilLine(server, relay, { state: 'live', served: [14], restricted: [] });
    await relay.heldFrames.atLeast(1, { where: ([type]) => type === 'REQ' });
    await untilLine(server, relay, { state: 'live', served: [14], restricted: [] });
    relay.resumeAnswers();
    await untilLine(server, relay, { served: [1059, 14], restricted: [] });
  },
);

test.each(REFUSING)(
  'a subscription that the relay closes with the prefix %s is shown as restricted until it is served again',
  async (reason) => {
    const { relay, server } = await setScene();
    relay.pauseAnswers();
    relay.closeSubscriptions(14, message(reason));
    const restricted = [{ kind: 14, reason }];
    await untilLine(server, relay, { state: 'live', served: [1059], restricted });
    await relay.heldFrames.atLeast(1, { where: ([type]) => type === 'REQ' });
    await untilLine(server, relay, { state: 'live', served: [1059], restricted });
    relay.resumeAnswers();
    await untilLine(server, relay, { served: [1059, 14], restricted: [] });
  },
);

test.each(['error', 'rate-limited'])(
  'a kind that a relay closes with the prefix %s three times in a row is shown as restricted and raises an alarm, until it is served, and then its gap is recovered',
  async (reason) => {
    const options: RelayOptions = { refusal: `${reason}: try again later` };
    const { google, phone, relay, server } = await setScene({
      relays: [keep(await RelayStandIn.start(options))],
      relayTiming: { resubscribe: { baseMs: 20, maxMs: 50 } },
    });
    options.refuseKinds = [14];
    relay.closeSubscriptions(14, message(reason));
    const restricted = [{ kind: 14, reason }];
    await untilLine(server, relay, { state: 'live', served: [1059], restricted });
    await untilMetric(server, 'mostro_push_alarm{alarm="relay restricts 14"}', 1);
    expect(server.log.all.filter(({ msg }) => msg === 'relay.kind_refused')).toHaveLength(1);
    const alice = await phone();
    relay.store(eventFor([alice.tradePubkey], { kind: 14 }));
    options.refuseKinds = [];
    expect(await google.pushes.atLeast(1)).toMatchObject([{ token: alice.token }]);
    await untilLine(server, relay, { served: [1059, 14], restricted: [], recovering: [] });
  },
);

test('a subscription that the relay closes time and again is asked for time and again, and misses nothing; the other kind goes on', async () => {
  const relay = keep(await RelayStandIn.start());
  const { google, phone, server } = await setScene({ relays: [relay] });
  const [alice, bob] = [await phone(), await phone()];
  for (let n = 1; n <= 5; n++) {
    relay.closeSubscriptions(1059, message(REFUSING[n] ?? 'error'));
    relay.store(eventFor([alice.tradePubkey]));
    relay.broadcast(eventFor([bob.tradePubkey], { kind: 14 }));
    await relay.requests.atLeast(n + 1, { where: ({ filters }) => isLiveRequest(filters, 1059) });
    await google.pushes.atLeast(2 * n);
    await untilLine(server, relay, { recovering: [] });
  }
  const tokens = google.pushes.all.map(({ token }) => token);
  expect(tokens.filter((token) => token === alice.token)).toHaveLength(5);
  expect(tokens.filter((token) => token === bob.token)).toHaveLength(5);
});

const options = { auth: { kinds: [1059], withhold: true }, refuseAuth: true } as const;

test('a relay that asks for authentication and keeps gift wraps to itself without a word goes on with kind 14; that it serves gift wraps is unconfirmed, until one comes', async () => {
  const { google, other, phone, server } = await setSceneBeside(options);
  await untilLine(server, other, {
    state: 'live',
    served: [14],
    restricted: [{ kind: 1059, reason: 'unconfirmed' }],
    authentication: 'refused',
  });
  const [alice, bob] = [await phone(), await phone()];
  other.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  await google.pushes.atLeast(1);
  const id = other.liveSubscription(1059);
  other.sendRaw(JSON.stringify(['EVENT', id, eventFor([bob.tradePubkey])]));
  const pushes = await google.pushes.atLeast(2);
  expect(pushes.map(({ token }) => token)).toEqual([alice.token, bob.token]);
  await untilLine(server, other, { served: [1059, 14], restricted: [] });
});

test('a relay that asks for authentication and keeps gift wraps to itself without a word is found to withhold them once others have sent ten', async () => {
  const { other, relay, server } = await setSceneBeside(options);
  await untilLine(server, other, { restricted: [{ kind: 1059, reason: 'unconfirmed' }] });
  for (let n = 0; n < 9; n++) relay.broadcast(eventFor([stranger()]));
  await untilMetric(server, 'mostro_push_events_received_total{kind="1059"}', 9);
  await untilLine(server, other, { restricted: [{ kind: 1059, reason: 'unconfirmed' }] });
  relay.broadcast(eventFor([stranger()]));
  await untilLine(server, other, { served: [14], restricted: [{ kind: 1059, reason: 'withheld' }] });
  await untilLine(server, relay, { served: [1059, 14], restricted: [] });
});

test('a relay that asks for authentication and keeps gift wraps to itself without a word and admits us after all is asked again, and they wake', async () => {
  const { google, other, phone, server } = await setSceneBeside({ auth: options.auth });
  await untilLine(server, other, { authentication: 'accepted', recovering: [] });
  await other.requests.atLeast(2, { where: ({ filters }) => isLiveRequest(filters, 1059) });
  const [alice, bob] = [await phone(), await phone()];
  other.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  other.broadcast(eventFor([bob.tradePubkey], { kind: 14 }));
  const pushes = await google.pushes.atLeast(2);
  expect(pushes.map(({ token }) => token)).toEqual([alice.token, bob.token]);
});

test('a relay that never asks who we are and sends none of the ten events of a kind that another sends is found to withhold that kind', async () => {
  const { other, relay, server } = await setSceneBeside({});
  await untilLine(server, other, { served: [1059, 14], restricted: [] });
  for (let n = 0; n < 10; n++) relay.broadcast(eventFor([stranger()], { kind: 14 }));
  await untilLine(server, other, { served: [1059], restricted: [{ kind: 14, reason: 'withheld' }] });
  other.broadcast(eventFor([stranger()], { kind: 14 }));
  await untilLine(server, other, { served: [1059, 14], restricted: [] });
});

test('a relay that answers a subscription with nothing but a NOTICE serves no kind, raises an alarm and makes nobody ready', async () => {
  const relay = keep(await RelayStandIn.start({ silentEose: true }));
  const environment = { NOSTR_RELAYS: relay.url };
  const server = keep(await startTestServer({ environment, relayTiming: { eoseTimeoutMs: 50 } }));
  relay.sendRaw('["NOTICE","too many requests"]');
  const restricted = [1059, 14].map((kind) => ({ kind, reason: 'unconfirmed' }));
  await untilLine(server, relay, { state: 'live', served: [], restricted });
  const alarms = await server.log.atLeast(2, { where: ({ alarm }) => String(alarm).startsWith('relay') });
  const names = alarms.map((line) => line['alarm']);
  expect(names).toEqual(expect.arrayContaining(['relay restricts 1059', 'relay restricts 14']));
  const ready = await call(`${server.adminUrl}/health/ready`);
  expect([ready.status, ready.text]).toEqual([
    503,
    expect.stringContaining('no relay is subscribed and past EOSE'),
  ]);
});
