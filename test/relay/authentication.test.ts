import { verifyEvent } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { isLiveRequest, liveRequests, setSceneBeside, untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const NOT_ASKED_FOR = 'mostro_push_relay_frames_rejected_total{reason="not_asked_for"}';

test.each([
  ['when the connection opens', true],
  ['when it refuses the REQ', false],
])(
  'a relay that keeps gift wraps for those it knows (NIP-42) and asks %s is answered with the server key, then asked again',
  async (_name, challengeOnConnect) => {
    const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059], challengeOnConnect } }));
    const { server, phone, woken } = await setScene({ relays: [relay] });
    expect(relay.auths.all).toEqual([
      expect.objectContaining({
        kind: 22_242,
        pubkey: server.publicKey.slice(2),
        content: '',
        tags: [
          ['relay', relay.url],
          ['challenge', expect.any(String)],
        ],
      }),
    ]);
    expect(relay.auths.all.every((event) => verifyEvent(event))).toBe(true);
    expect(liveRequests(relay, 1059)).toHaveLength(2);

    const [alice, bob] = [await phone(), await phone()];
    relay.broadcast(eventFor([alice.tradePubkey]));
    relay.broadcast(eventFor([bob.tradePubkey], { kind: 14 }));
    expect((await woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
    await untilLine(server, relay, { authentication: 'accepted', served: [1059, 14], restricted: [] });
  },
);

test('a relay that keeps gift wraps for those it knows (NIP-42) and knows no kind without authentication is asked again for both', async () => {
  const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059, 14] } }));
  const { phone, woken } = await setScene({ relays: [relay] });
  const [alice, bob] = [await phone(), await phone()];
  relay.broadcast(eventFor([alice.tradePubkey]));
  relay.broadcast(eventFor([bob.tradePubkey], { kind: 14 }));
  expect((await woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
  expect(relay.auths.count).toBe(1);
});

test('a relay that keeps gift wraps for those it knows (NIP-42) is answered anew on every connection, and what it stored meanwhile wakes', async () => {
  const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059] } }));
  const { google, phone, woken } = await setScene({ relays: [relay] });
  const alice = await phone();
  relay.store(eventFor([alice.tradePubkey]));
  relay.disconnectAll();
  await google.pushes.atLeast(1);
  expect(await woken()).toEqual([alice.token]);
  const challenges = relay.auths.all.map(({ tags }) => tags[1]);
  expect(challenges).toHaveLength(2);
  expect(challenges[0]).not.toEqual(challenges[1]);
});

test.each([
  'with "quotes", \\ and a line\nthat breaks',
  'of bells \u0007, \u007F, separators \u2028 and 🗝',
  'c'.repeat(1024),
])(
  'a relay that keeps gift wraps for those it knows (NIP-42) by a challenge %j is given an answer that is genuine',
  async (challenge) => {
    const { relay } = await setScene();
    relay.sendRaw(JSON.stringify(['AUTH', challenge]));
    const [answer] = await relay.auths.atLeast(1);
    expect(answer?.tags).toContainEqual(['challenge', challenge]);
    expect(answer && verifyEvent(answer)).toBe(true);
  },
);

test('a relay that asks for authentication and knows itself by a URL with a slash is named in that spelling after one refusal, and on every later connection', async () => {
  const relay = keep(
    await RelayStandIn.start({ auth: { kinds: [1059], accepts: (url) => url?.endsWith('/') === true } }),
  );
  const { server, phone, woken } = await setScene({ relays: [relay] });
  await untilLine(server, relay, { authentication: 'accepted', state: 'live' });
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  relay.disconnectAll();
  const auths = await relay.auths.atLeast(3);
  expect(auths.map(({ tags }) => tags[0]?.[1])).toEqual([relay.url, `${relay.url}/`, `${relay.url}/`]);
});

test('a relay that asks for authentication is named as it was configured', async () => {
  const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059] } }));
  const written = `${relay.url.replace('ws:', 'WS:')}/?x=A`;
  await setScene({ relays: [relay], environment: { NOSTR_RELAYS: written } });
  const [answer] = await relay.auths.atLeast(1);
  expect(answer?.tags[0]).toEqual(['relay', written]);
});

test('a relay that refuses our authentication goes on with kind 14, its gift wraps are shown as restricted, and it is asked again for them', async () => {
  const { google, other, phone, server } = await setSceneBeside({
    auth: { kinds: [1059] },
    refuseAuth: true,
  });
  await untilLine(server, other, {
    state: 'live',
    served: [14],
    restricted: [{ kind: 1059, reason: 'auth-required' }],
    authentication: 'refused',
  });
  const alice = await phone();
  other.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  await other.requests.atLeast(3, { where: ({ filters }) => isLiveRequest(filters, 1059) });
  expect(liveRequests(other, 14)).toHaveLength(1);
  expect(other.clientCount).toBe(1);
});

test('a relay that refuses our authentication is no reason to miss the gift wraps of another', async () => {
  const { google, other, phone, relay, server } = await setSceneBeside({
    auth: { kinds: [1059] },
    refuseAuth: true,
  });
  await untilLine(server, other, { authentication: 'refused' });
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
});

test('a relay that admits us and still serves no gift wraps goes on with kind 14, and they are shown as restricted', async () => {
  const { google, other, phone, relay, server } = await setSceneBeside({
    auth: { kinds: [1059], admit: () => false },
  });
  await untilLine(server, other, {
    state: 'live',
    served: [14],
    restricted: [{ kind: 1059, reason: 'restricted' }],
    authentication: 'accepted',
  });
  const [alice, bob] = [await phone(), await phone()];
  other.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  relay.broadcast(eventFor([bob.tradePubkey]));
  const pushes = await google.pushes.atLeast(2);
  expect(pushes.map(({ token }) => token).toSorted()).toEqual([alice.token, bob.token].toSorted());
});

test('a relay that never judges our answer goes on with kind 14; when it judges at last, its gift wraps are recovered', async () => {
  const { google, other, phone, server } = await setSceneBeside({ auth: { kinds: [1059] } });
  await untilLine(server, other, { authentication: 'accepted', recovering: [] });
  other.closeSubscriptions(1059, 'auth-required: who are you, again?');
  other.pauseAnswers();
  other.sendRaw(JSON.stringify(['AUTH', 'a challenge after the first']));
  await other.heldFrames.atLeast(1, { where: ([type]) => type === 'AUTH' });
  await untilLine(server, other, {
    state: 'live',
    served: [14],
    restricted: [{ kind: 1059, reason: 'auth-required' }],
    authentication: 'pending',
  });
  const [alice, bob] = [await phone(), await phone()];
  other.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  await google.pushes.atLeast(1);
  other.store(eventFor([bob.tradePubkey]));
  other.resumeAnswers();
  const pushes = await google.pushes.atLeast(2);
  expect(pushes.map(({ token }) => token)).toEqual([alice.token, bob.token]);
  await untilLine(server, other, { served: [1059, 14], recovering: [] });
});

test('a relay that never judges our answer is not taken at its word for another event’s', async () => {
  const { other, server } = await setSceneBeside({});
  await untilLine(server, other, { state: 'live' });
  other.sendRaw(JSON.stringify(['OK', 'a'.repeat(64), true, '']));
  await untilMetric(server, NOT_ASKED_FOR, 1);
  await untilLine(server, other, { authentication: 'none' });
});

test('a flood of challenges is answered eight times, and neither that relay nor another is lost by it', async () => {
  const { google, other, phone, relay, server, woken } = await setSceneBeside({});
  await untilLine(server, other, { served: [1059, 14] });
  for (let n = 0; n < 100; n++) other.sendRaw(JSON.stringify(['AUTH', `challenge ${n}`]));
  await expect.poll(() => server.metric(NOT_ASKED_FOR)).toBeGreaterThanOrEqual(92);
  const [alice, bob] = [await phone(), await phone()];
  other.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  relay.broadcast(eventFor([bob.tradePubkey]));
  expect(await woken()).toEqual([alice.token, bob.token]);
  expect(other.auths.count).toBe(8);
  expect(other.clientCount).toBe(1);
  expect(relay.requests.count).toBe(2);
});

test('a flood of challenges whose answers are never judged is answered no more than eight times either', async () => {
  const { google, other, phone, server } = await setSceneBeside({});
  await untilLine(server, other, { served: [1059, 14] });
  other.pauseAnswers();
  for (let n = 0; n < 100; n++) other.sendRaw(JSON.stringify(['AUTH', `challenge ${n}`]));
  await untilMetric(server, NOT_ASKED_FOR, 92);
  const alice = await phone();
  other.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  expect(other.heldFrames.all.filter(([type]) => type === 'AUTH')).toHaveLength(8);
});
