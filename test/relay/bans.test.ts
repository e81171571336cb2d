import { expect, test } from 'vitest';

import { RubbishRelay } from '../../stand-ins/rubbish-relay.ts';
import type { Phone } from '../../stand-ins/phone.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { liveRequests, setSceneBeside, untilLine, type SceneBeside } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor, flipped } from '../support/wire-events.ts';

const FOR_STRANGERS = eventFor(['a'.repeat(64)]);
const rejected = (reason: string): string => `mostro_push_events_rejected_total{reason="${reason}"}`;
const bans = (reason: string): string => `mostro_push_relay_bans_total{reason="${reason}"}`;

interface HostileScene extends SceneBeside {
  /** A device whose event the hostile relay stores while it is banned. */
  readonly alice: Phone;
}

/** A hostile relay beside an honest one. A ban lasts long enough to be seen. */
async function setHostileScene(): Promise<HostileScene> {
  const penalty = { baseMs: 1, maxMs: 1, minMs: 1000 };
  const scene = await setSceneBeside({}, { relayTiming: { penalty } });
  await untilLine(scene.server, scene.other, { served: [1059, 14] });
  return { ...scene, alice: await scene.phone() };
}

/** Checks that the relay was banned for this reason, was dialled again, and that both its live events and those it stored meanwhile wake. */
async function expectBanAndReturn(scene: HostileScene, reason: string): Promise<void> {
  const { alice, google, other, phone, relay, server } = scene;
  await untilMetric(server, bans(reason), 1);
  await untilLine(server, other, { state: 'banned', served: [], reconnects: 0 });
  for (const ageSeconds of [0, 100_000]) other.store(eventFor([alice.tradePubkey], { ageSeconds }));
  const bob = await phone();
  relay.broadcast(eventFor([bob.tradePubkey]));
  const ofBob = { where: ({ token }: { token: string }) => token === bob.token };
  const ofAlice = { where: ({ token }: { token: string }) => token === alice.token };
  await google.pushes.atLeast(1, ofBob);
  await google.pushes.atLeast(1, ofAlice);
  await untilLine(server, other, { state: 'live', served: [1059, 14], recovering: [], reconnects: 1 });
  expect(await google.pushes.atLeast(1, ofAlice)).toHaveLength(1);
  other.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(2, ofAlice);
  await untilLine(server, relay, { state: 'live', reconnects: 0 });
  expect(await server.metric(bans(reason))).toBe(1);
}

test.each<[string, (relay: RelayStandIn, n: number) => unknown[]]>([
  ['EOSE for subscriptions of others', (_relay, n) => ['EOSE', `somebody-else-${n}`]],
  ['EOSE over and over', (relay) => ['EOSE', relay.liveSubscription(1059)]],
  ['events for subscriptions that do not exist', () => ['EVENT', 'nobody', FOR_STRANGERS]],
  ['events of another kind', (relay) => ['EVENT', relay.liveSubscription(14), FOR_STRANGERS]],
  ['CLOSED for subscriptions of others', (_relay, n) => ['CLOSED', `somebody-else-${n}`, 'error: x']],
  ['judgements of what nobody said', () => ['OK', 'a'.repeat(64), true, '']],
  ['messages that nobody knows', (_relay, n) => ['SURPRISE', n]],
  ['challenges', (_relay, n) => ['AUTH', `challenge ${n}`]],
])(
  'a relay is banned, is dialled again later, and misses nothing, when it sends %s',
  async (_name, frame) => {
    const scene = await setHostileScene();
    const { other } = scene;
    for (let n = 0; n < 340; n++) other.sendRaw(JSON.stringify(frame(other, n)));
    await expectBanAndReturn(scene, 'rubbish');
  },
);

test('a relay is banned, is dialled again later, and misses nothing, when it sends notices', async () => {
  const scene = await setHostileScene();
  for (let n = 0; n < 80; n++) scene.other.sendRaw(JSON.stringify(['NOTICE', 'read all about it']));
  await expectBanAndReturn(scene, 'chatter');
});

test('a relay that answers every CLOSE with a NOTICE is not banned for a recovery of two hundred pages, and is not asked again for its live subscriptions', async () => {
  const relay = keep(await RelayStandIn.start({ maxLimit: 2, noticeOnClose: true }));
  const relayTiming = { silenceAfterNoticeMs: 50 };
  const { google, phone, server } = await setScene({ relays: [relay], relayTiming });
  const alice = await phone();
  for (let n = 0; n < 200; n++) relay.store(eventFor(['a'.repeat(64)], { kind: 14, ageSeconds: n }));
  relay.store(eventFor([alice.tradePubkey], { kind: 14, ageSeconds: 200 }));
  relay.disconnectAll();
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  await untilLine(server, relay, { state: 'live', recovering: [], reconnects: 1 });
  expect(relay.closes.count).toBeGreaterThan(150);
  expect(await server.metric(bans('chatter'))).toBe(0);
  // On each of the two connections once, and once more for the first NOTICEs at most.
  expect(liveRequests(relay, 14).length).toBeLessThanOrEqual(3);
});

test('a relay that sends less rubbish, fewer forged matches and fewer notices than a ban takes is not banned', async () => {
  const { alice, google, other, server } = await setHostileScene();
  const event = eventFor([alice.tradePubkey]);
  for (let n = 0; n < 290; n++) other.sendRaw('rubbish');
  for (let n = 0; n < 15; n++) other.broadcast(flipped(event, 'sig'));
  for (let n = 0; n < 55; n++) other.sendRaw(JSON.stringify(['NOTICE', 'read all about it']));
  other.broadcast(event);
  await google.pushes.atLeast(1);
  await untilLine(server, other, { state: 'live', reconnects: 0 });
  for (const reason of ['rubbish', 'chatter']) expect(await server.metric(bans(reason))).toBe(0);
});

/** Another party may have published them there: test/relay/outsiders.test.ts has what an outsider can do to a relay. */
test('a relay that hands in forged events is not banned for a hundred and more; each genuine event wakes once', async () => {
  const scene = await setHostileScene();
  const { google, other, phone, relay, server, woken } = scene;
  const phones = await Promise.all(Array.from({ length: 10 }, () => phone()));
  const events = phones.map(({ tradePubkey }, n) =>
    eventFor([tradePubkey], { kind: n % 2 === 0 ? 1059 : 14 }),
  );
  for (let n = 0; n < 19; n++) {
    for (const event of events) other.broadcast(flipped(event, n % 2 === 0 ? 'sig' : 'content'));
  }
  await untilMetric(server, rejected('forged'), 190);
  for (const event of events) relay.broadcast(event);
  await google.pushes.atLeast(10);
  for (const event of events) other.broadcast(event);
  const tokens = phones.map(({ token }) => token).toSorted();
  expect((await woken()).toSorted()).toEqual(tokens);
  await untilLine(server, other, { state: 'live', reconnects: 0 });
});

test('a relay that has stored forged events is not banned; they hide no genuine event of another key, and are not asked for without end', async () => {
  const { alice, google, other, phone, server } = await setHostileScene();
  const bob = await phone();
  const forged = Array.from({ length: 150 }, (_, n) =>
    flipped(eventFor([alice.tradePubkey], { ageSeconds: 60 + n }), 'sig'),
  );
  other.storeAll(forged);
  other.store(eventFor([bob.tradePubkey], { ageSeconds: 500 }));
  other.disconnectAll();
  await google.pushes.atLeast(1, { where: ({ token }) => token === bob.token });
  await untilLine(server, other, { state: 'live', recovering: [], reconnects: 1 });
  // Twenty forgeries and Bob's event are verified. Further pages bring the same forgeries, which are recognised by their bytes.
  expect(await server.metric('mostro_push_events_verified_total')).toBe(21);
});

test.each(['pings', 'pongs', 'fragments', 'noise', 'json'] as const)(
  'a relay that floods with %s is banned, and a good one goes on',
  async (make) => {
    const flood = keep(await RubbishRelay.start({ make, bytesPerSecond: 2_000_000 }));
    const penalty = { baseMs: 1, maxMs: 1, minMs: 3_600_000 };
    const relay = keep(await RelayStandIn.start());
    const environment = { NOSTR_RELAYS: `${flood.url},${relay.url}` };
    const { phone, server, woken } = await setScene({
      relays: [relay],
      environment,
      relayTiming: { penalty },
    });
    const alice = await phone();
    relay.broadcast(eventFor([alice.tradePubkey]));
    expect(await woken()).toEqual([alice.token]);
    await untilLine(server, flood, { state: 'banned' });
    await untilMetric(server, bans(make === 'noise' || make === 'json' ? 'rubbish' : 'chatter'), 1);
  },
);
