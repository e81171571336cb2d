import { expect, test, vi } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { BeyondMaximum } from '../../stand-ins/relay-options.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { liveRequests, untilLine } from '../support/relay-lines.ts';
import { registeredPhone, setScene, untilMetric, type Scene } from '../support/scene.ts';
import { publishAll } from '../support/test-relay.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const QUICK = { baseMs: 20, maxMs: 50 };
const relayTiming = { reconnect: QUICK, resubscribe: QUICK, limitZeroTimeoutMs: 3_600_000 };

interface Places {
  readonly count: number;
  readonly beyond: BeyondMaximum;
  /** Whether the relay says it in its NIP-11 document. */
  readonly isStated: boolean;
}

const CASES: readonly Places[] = [
  { count: 1, beyond: 'closed', isStated: true },
  { count: 1, beyond: 'push out', isStated: true },
  { count: 2, beyond: 'closed', isStated: true },
  { count: 2, beyond: 'push out', isStated: true },
  { count: 3, beyond: 'closed', isStated: true },
  { count: 3, beyond: 'push out', isStated: true },
  { count: 1, beyond: 'closed', isStated: false },
  { count: 1, beyond: 'notice', isStated: false },
  { count: 2, beyond: 'closed', isStated: false },
  { count: 2, beyond: 'notice', isStated: false },
  { count: 2, beyond: 'push out closed', isStated: false },
];

const BEAT = { minMs: 100, baseMs: 200, maxMs: 400 };
/** Audits come all the time, and after nothing else. */
const BRISK = {
  messages: BEAT,
  wraps: BEAT,
  standstillMs: Infinity,
  burstEvents: Infinity,
  afterStandstillMs: 100,
  confirmMs: 100,
};

const foundMetric = (kind: number): string => `mostro_push_relay_audit_found_total{kind="${kind}"}`;

/** The filters of the last REQ that asks for nothing stored. */
function lastLive({ relay }: Scene): unknown {
  const live = relay.requests.all.filter(({ filters }) => filters.every(({ limit }) => limit === 0));
  return live.at(-1)?.filters;
}

/** Events for a stranger, three in a second. */
function crowd(kind: number, count: number): ReturnType<typeof eventFor>[] {
  const stranger = eventFor(['ab'.repeat(32)], { kind });
  return Array.from({ length: count }, (_, n) => ({
    ...stranger,
    id: (kind * 1000 + n).toString(16).padStart(64, '0'),
    created_at: stranger.created_at - Math.floor(n / 3),
  }));
}

async function setSceneWith(
  { count, beyond, isStated }: Places,
  more: { readonly dropEvery?: number; readonly audit?: typeof BRISK } = {},
): Promise<Scene> {
  const { audit, dropEvery } = more;
  const information = { limitation: { max_subscriptions: count } };
  const options = {
    maxSubscriptions: { count, beyond },
    maxLimit: 100,
    ...(isStated && { information }),
    ...(dropEvery !== undefined && { dropEvery }),
  };
  const scene = await setScene({
    relays: [keep(await RelayStandIn.start(options))],
    relayTiming: { ...relayTiming, ...(audit && { audit }) },
  });
  // The relay is dialled again as soon as it is known how many places it has.
  if (isStated || count === 1)
    await untilLine(scene.server, scene.relay, { reconnects: count === 3 ? 1 : 1 });
  await untilLine(scene.server, scene.relay, { served: [1059, 14], restricted: [], recovering: [] });
  return scene;
}

/** How many filters the REQs have that ask for a page. */
function pages({ relay }: Scene): number[] {
  const asking = relay.requests.all.filter(({ filters }) => filters.some(({ since }) => since !== undefined));
  return [...new Set(asking.map(({ filters }) => filters.length))];
}

test.each(CASES)(
  'with %o, both kinds wake live, and a gap of 300 events of each kind is recovered, each once',
  async (places) => {
    const { google, phone, relay, server, woken } = await setSceneWith(places);
    const [alice, bob] = [await phone(), await phone()];
    relay.broadcast(eventFor([alice.tradePubkey]));
    relay.broadcast(eventFor([bob.tradePubkey], { kind: 14 }));
    await google.pushes.atLeast(2);
    const [carol, dave] = [await phone(), await phone()];
    relay.storeAll([...crowd(1059, 300), ...crowd(14, 300)]);
    // In three pages each, for a recovery wakes a device once. What a recovery absorbed before the relay was dialled again may wake once more.
    const ages = places.beyond === 'push out closed' ? [95] : [95, 60, 5];
    for (const ageSeconds of ages) {
      relay.store(eventFor([carol.tradePubkey], { ageSeconds }));
      relay.store(eventFor([dave.tradePubkey], { kind: 14, ageSeconds }));
    }
    relay.disconnectAll();
    await google.pushes.atLeast(4);
    await untilLine(server, relay, { served: [1059, 14], restricted: [], recovering: [] });
    const erin = await phone();
    relay.broadcast(eventFor([erin.tradePubkey], { kind: 14 }));
    expect((await woken()).toSorted()).toEqual(
      [alice, bob, carol, dave, erin].map(({ token }) => token).toSorted(),
    );
  },
);

test('with three places each kind has a REQ of its own, with two there is one REQ for both kinds, and with one its pages are a part of it', async () => {
  const beyond = 'closed';
  const [three, two, one] = [
    await setSceneWith({ count: 3, beyond, isStated: true }),
    await setSceneWith({ count: 2, beyond, isStated: true }),
    await setSceneWith({ count: 1, beyond, isStated: true }),
  ];
  const [messages, wraps] = [
    { kinds: [14], limit: 0 },
    { kinds: [1059], limit: 0 },
  ];
  expect([three, two, one].map(lastLive)).toEqual([[messages], [messages, wraps], [messages, wraps]]);
  for (const { phone, relay, server } of [three, two, one]) {
    await phone();
    relay.disconnectAll();
    await relay.requests.atLeast(1, {
      where: ({ filters }) => filters.some(({ kinds, since }) => since !== undefined && kinds?.[0] === 1059),
    });
    await untilLine(server, relay, { served: [1059, 14], recovering: [] });
  }
  expect([three, two, one].map(pages)).toEqual([[1], [1], [3]]);
});

test('at a relay with two places that refuses gift wraps, kind 14 is heard alone, and gift wraps are shown as refused', async () => {
  const information = { limitation: { max_subscriptions: 2 } };
  const options = {
    maxSubscriptions: { count: 2, beyond: 'closed' as const },
    information,
    refuseKinds: [1059],
  };
  const relay = keep(await RelayStandIn.start(options));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url };
  const server = keep(await startTestServer({ google, environment, relayTiming }));
  await untilLine(server, relay, {
    reconnects: 1,
    served: [14],
    restricted: [{ kind: 1059, reason: 'restricted' }],
  });
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
  relay.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  expect(await google.pushes.atLeast(1)).toMatchObject([{ token: alice.token }]);
});

test.each([1, 2])(
  'with %i places audits find what the relay dropped, while live events of both kinds wake beside them, each once',
  async (count) => {
    const places = { count, beyond: 'closed', isStated: true } as const;
    const { google, phone, relay, server } = await setSceneWith(places, { dropEvery: 3, audit: BRISK });
    const phones = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => phone({ name: `phone ${n}` })),
    );
    const events = phones.map(({ tradePubkey }, n) =>
      eventFor([tradePubkey], { kind: n % 2 === 0 ? 14 : 1059 }),
    );
    // One after the other, so that some come live in the middle of an audit.
    for (const event of events) await publishAll(relay.url, [event]);
    await google.pushes.atLeast(12);
    const clean = 'mostro_push_relay_audits_total{outcome="clean"}';
    const before = await server.metric(clean);
    await expect.poll(async () => server.metric(clean)).toBeGreaterThan(before + 2);
    expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
      phones.map(({ token }) => token).toSorted(),
    );
    // With one place, an event of a page may have come live. Only an older kind 14 has certainly been dropped.
    const dropped = await phone();
    relay.store(eventFor([dropped.tradePubkey], { kind: 14, ageSeconds: 70 }));
    await google.pushes.atLeast(13);
    await untilMetric(server, foundMetric(14), count === 1 ? 1 : 3);
    expect(await server.metric(foundMetric(1059))).toBe(count === 1 ? 0 : 2);
  },
);

const CHECKED = { ...relayTiming, placeCheckMs: 50, placeCopyMs: 50 };

test('a relay that states no limit, has two places and pushes live subscriptions out without a word is found out by the next events, which all wake, each once', async () => {
  const options = { maxSubscriptions: { count: 2, beyond: 'push out' as const } };
  const relays = [keep(await RelayStandIn.start(options))];
  const { google, phone, relay, server } = await setScene({ relays, relayTiming: CHECKED });
  const phones = await Promise.all(Array.from({ length: 8 }, async (_, n) => phone({ name: `phone ${n}` })));
  // The pages of each recovery push out a live subscription.
  relay.disconnectAll();
  await untilLine(server, relay, { reconnects: 1, served: [1059, 14], recovering: [] });
  for (const [n, { tradePubkey }] of phones.entries()) {
    const kind = n % 2 === 0 ? 14 : 1059;
    const event = eventFor([tradePubkey], { kind });
    relay.store(event);
    relay.broadcast(event);
    // What was dropped is found when a further event comes.
    await vi.waitFor(
      () => {
        relay.broadcast(eventFor(['ab'.repeat(32)], { kind }));
        expect(google.pushes.count).toBeGreaterThan(n);
      },
      { timeout: PATIENCE_MS, interval: 20 },
    );
  }
  await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.too_few_subscriptions' });
  await untilLine(server, relay, { served: [1059, 14], restricted: [], recovering: [] });
  expect(google.pushes.all.map(({ token }) => token)).toEqual(phones.map(({ token }) => token));
});

test('a relay that keeps its live subscriptions while pages are asked for is asked once more for each kind, and no more after the first event', async () => {
  // Late enough that all pages of a recovery are over, on a busy machine too.
  const { google, phone, relay, server } = await setScene({ relayTiming: { ...CHECKED, placeCheckMs: 400 } });
  const alice = await phone();
  for (let n = 1; n <= 3; n++) {
    relay.disconnectAll();
    await untilLine(server, relay, { reconnects: n, served: [1059, 14], recovering: [] });
    if (n > 1) continue;
    for (const kind of [14, 1059])
      await vi.waitFor(
        () => {
          relay.broadcast(eventFor(['ab'.repeat(32)], { kind }));
          // The first one of this connection is closed: the second one has shown that it was still there.
          expect(relay.closes.all).toContain(liveRequests(relay, kind)[1]?.subscription);
        },
        { timeout: PATIENCE_MS, interval: 20 },
      );
  }
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  expect([14, 1059].map((kind) => liveRequests(relay, kind).length)).toEqual([5, 5]);
});
