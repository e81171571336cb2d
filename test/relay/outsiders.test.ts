import { randomBytes } from 'node:crypto';

import type { NostrEvent } from 'nostr-tools/pure';
import { expect, test, vi } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import type { Filter } from '../../stand-ins/relay-filter.ts';
import type { Phone } from '../../stand-ins/phone.ts';
import { setSceneBeside, untilLine, type SceneBeside } from '../support/relay-lines.ts';
import { untilMetric } from '../support/scene.ts';
import type { TestServerOptions } from '../support/test-server.ts';
import { speltEvent, storedEvent, strfry } from '../support/spelt-events.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { eventFor } from '../support/wire-events.ts';

const EVENTS = 701;
const RECONNECTS = 4;
const REASONS = ['rubbish', 'chatter'];
const bans = (reason: string): string => `mostro_push_relay_bans_total{reason="${reason}"}`;
const rejected = (reason: string): string => `mostro_push_events_rejected_total{reason="${reason}"}`;
const MINUTE_MS = 60_000;
const now = (): number => Math.floor(Date.now() / 1000);

interface OutsidersScene extends SceneBeside {
  readonly alice: Phone;
  readonly bob: Phone;
  /** Stores events at the second relay and cuts its connection again and again. Each time the events are recovered. */
  readonly publish: (events: readonly NostrEvent[]) => Promise<void>;
  /** Checks that the relay was never banned and lost no other connection, and that its live events wake. */
  readonly expectUnharmed: (reconnects: number) => Promise<void>;
}

/** Alice's key is flooded at the second relay, which writes JSON as strfry does. A ban would last an hour. */
async function setOutsidersScene(options: Pick<TestServerOptions, 'clock'> = {}): Promise<OutsidersScene> {
  const penalty = { baseMs: 1, maxMs: 1, minMs: 3_600_000 };
  const scene = await setSceneBeside({ spell: strfry }, { ...options, relayTiming: { penalty } });
  const { other, phone, server, google } = scene;
  await untilLine(server, other, { served: [1059, 14] });
  const [alice, bob] = [await phone(), await phone()];
  const ofBob = { where: ({ token }: { token: string }) => token === bob.token };
  return {
    ...scene,
    alice,
    bob,
    async publish(events) {
      other.storeAll(events);
      for (let n = 1; n <= RECONNECTS; n++) {
        other.disconnectAll();
        await untilLine(server, other, { state: 'live', served: [1059, 14], recovering: [], reconnects: n });
      }
    },
    async expectUnharmed(reconnects) {
      const before = google.pushes.all.filter(ofBob.where).length;
      other.broadcast(eventFor([bob.tradePubkey]));
      await google.pushes.atLeast(before + 1, ofBob);
      await untilLine(server, other, { state: 'live', reconnects });
      for (const reason of REASONS) expect(await server.metric(bans(reason))).toBe(0);
    },
  };
}

const many = (make: (n: number) => NostrEvent): NostrEvent[] =>
  Array.from({ length: EVENTS }, (_, n) => make(n));

/** Events that anyone can publish, for a key that is registered here. */
const OUTSIDERS: readonly [string, (recipient: string) => NostrEvent[]][] = [
  [
    'forged signatures, at a relay that does not verify',
    (recipient) => {
      const events = Array.from({ length: EVENTS }, (_, n) => ({ recipient, kind: 1059, ageSeconds: n + 5 }));
      const sig = randomBytes(64).toString('hex');
      return swiftEvents(events).map((event) => Object.assign(event, { sig }));
    },
  ],
  [
    'ids of other events, at a relay that does not verify',
    (recipient) => many((n) => ({ ...eventOf(recipient, n), id: randomBytes(32).toString('hex') })),
  ],
  [
    'keys in capitals, and a tag that is spelt unusually',
    (recipient) =>
      many((n) => {
        const event = eventOf(recipient, n);
        return { ...event, pubkey: event.pubkey.toUpperCase(), tags: [...event.tags, ['\u007F']] };
      }),
  ],
  [
    'a time in the far future',
    (recipient) => many((n) => ({ ...eventOf(recipient, n), created_at: 2 ** 60 })),
  ],
  [
    'a time that is no whole number',
    (recipient) => many((n) => ({ ...eventOf(recipient, n), created_at: now() - 0.5 })),
  ],
  [
    'events that have expired',
    (recipient) => many((n) => withTags(eventOf(recipient, n), [['expiration', '1']])),
  ],
  [
    'events for a crowd',
    (recipient) =>
      many((n) =>
        withTags(
          eventOf(recipient, n),
          Array.from({ length: 12 }, () => ['p', randomBytes(32).toString('hex')]),
        ),
      ),
  ],
];

function eventOf(recipient: string, n: number): NostrEvent {
  return {
    id: randomBytes(32).toString('hex'),
    pubkey: 'ab'.repeat(32),
    created_at: now() - 5 - n,
    kind: n % 2 === 0 ? 14 : 1059,
    tags: [['p', recipient]],
    content: 'sealed',
    sig: randomBytes(64).toString('hex'),
  };
}

function withTags(event: NostrEvent, tags: string[][]): NostrEvent {
  return { ...event, tags: [...event.tags, ...tags] };
}

test.each(OUTSIDERS)(
  'a relay at which an outsider has published 701 events is never banned, and its live events wake: %s',
  async (_, make) => {
    const { alice, expectUnharmed, google, publish } = await setOutsidersScene();
    await publish(make(alice.tradePubkey));
    await expectUnharmed(RECONNECTS);
    expect(google.pushes.all.filter(({ token }) => token === alice.token)).toEqual([]);
  },
);

test('a relay at which an outsider has published 701 genuine events, spelt as the relay spells them, is never banned: all of them wake', async () => {
  const { alice, expectUnharmed, google, publish, server } = await setOutsidersScene();
  const parts = { tags: [['x', 'a\u007Fb']], content: 'c\u007Fd' };
  const events = many((n) =>
    storedEvent(
      alice.tradePubkey,
      { ...parts, kind: n % 2 === 0 ? 14 : 1059, createdAt: `${now() - n}` },
      strfry,
    ),
  );
  await publish(events);
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  await expectUnharmed(RECONNECTS);
  expect(await server.metric(rejected('forged'))).toBe(0);
});

test('an outsider who floods one key at a relay that does not verify has 20 events a minute verified, and silences no other key of that relay', async () => {
  const { alice, bob, expectUnharmed, google, other, server } = await setOutsidersScene();
  for (let n = 0; n < EVENTS; n++) other.broadcast(eventOf(alice.tradePubkey, n));
  await untilMetric(server, rejected('unverified'), EVENTS - 20);
  expect(await server.metric(rejected('forged'))).toBe(20);
  expect(await server.metric('mostro_push_events_verified_total')).toBe(20);
  await expectUnharmed(0);
  expect(google.pushes.all.map(({ token }) => token)).toEqual([bob.token]);
});

test('an outsider who floods one key at a relay that does not verify has the relay asked again, later, for what was dropped', async () => {
  const { alice, other, server } = await setOutsidersScene();
  const before = other.requests.count;
  for (let n = 0; n < 40; n++) other.broadcast({ ...eventOf(alice.tradePubkey, n), kind: 14 });
  await untilMetric(server, rejected('unverified'), 20);
  const gaps = {
    where: ({ filters: [filter] }: { filters: readonly Filter[] }) => filter?.since !== undefined,
  };
  const [gap] = await other.requests.atLeast(1, gaps);
  expect(before).toBe(2);
  expect(gap?.filters).toMatchObject([{ kinds: [14] }]);
});

test('an outsider who floods one key at a relay that does not verify delays, but does not lose, what the relay has stored among the forgeries, whose bytes are verified once', async () => {
  let ahead = 0;
  const { alice, expectUnharmed, google, other, server } = await setOutsidersScene({
    clock: () => Date.now() + ahead,
  });
  // First a wake at the right time: Google refuses assertions with a wrong date.
  await expectUnharmed(0);
  const forgeries = Array.from({ length: 45 }, (_, n) => ({ ...eventOf(alice.tradePubkey, n), kind: 14 }));
  other.storeAll([...forgeries, eventFor([alice.tradePubkey], { kind: 14, ageSeconds: 600 })]);
  other.disconnectAll();
  await untilMetric(server, 'mostro_push_events_verified_total', 21);
  expect(google.pushes.count).toBe(1);
  const untilAllVerified = async (): Promise<void> => {
    ahead += MINUTE_MS;
    expect(await server.metric('mostro_push_events_verified_total')).toBe(47);
  };
  await vi.waitFor(untilAllVerified, { timeout: PATIENCE_MS, interval: 100 });
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  expect(await server.metric('mostro_push_relay_recoveries_total{outcome="unverified"}')).not.toBe(0);
});

test('an outsider who floods one key at a relay that does not verify does not silence that key at another relay', async () => {
  const { alice, google, other, relay, server } = await setOutsidersScene();
  for (let n = 0; n < EVENTS; n++) other.broadcast(eventOf(alice.tradePubkey, n));
  await untilMetric(server, rejected('unverified'), EVENTS - 20);
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
});

test('a genuine event in a relay’s own spelling wakes, live', async () => {
  const { alice, google, other } = await setOutsidersScene();
  const spelling = { tags: strfry, content: (json: string) => json.replaceAll('/', String.raw`\/`) };
  const event = speltEvent(
    alice.tradePubkey,
    { kind: 14, tags: [['\u007F', '/']], content: '\u007F/' },
    spelling,
  );
  other.sendRaw(`["EVENT",${JSON.stringify(other.liveSubscription(14))},${event}]`);
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
});

/** Bytes that are not UTF-8: one that begins no character, and half of a surrogate pair as some programs write it. */
const NO_UTF_8 = ['\u00FF', '\u00ED\u00A0\u0080'];

test.each(NO_UTF_8)(
  'an event with bytes that are no UTF-8 wakes, if it is genuine, and costs the relay no connection: %j',
  async (bytes) => {
    const { alice, expectUnharmed, google, other } = await setOutsidersScene();
    const event = speltEvent(
      alice.tradePubkey,
      { tags: [['x', bytes]], content: bytes },
      { encoding: 'latin1' },
    );
    for (const sent of [event.replace(/.{8}"}$/, '00000000"}'), event]) {
      const frame = `["EVENT",${JSON.stringify(other.liveSubscription(1059))},${sent}]`;
      other.sendRaw(Buffer.from(frame, 'latin1'));
    }
    await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
    await expectUnharmed(0);
  },
);

function tooLong(ageSeconds: number): NostrEvent {
  return { ...eventFor(['ab'.repeat(32)], { ageSeconds }), content: 'x'.repeat(1_200_000) };
}

test.each([
  ['whole', 2_000_000],
  ['in fragments, whose number no frame says', 64 * 1024],
])('an event that is too long costs the relay no connection: live and %s', async (_, bytes) => {
  const { alice, expectUnharmed, google, other, server } = await setOutsidersScene();
  const frame = JSON.stringify(['EVENT', other.liveSubscription(1059), tooLong(0)]);
  for (let n = 0; n < 5; n++) other.sendFragments(Buffer.from(frame), bytes);
  other.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  expect(await server.metric('mostro_push_relay_frames_rejected_total{reason="too_long"}')).toBe(5);
  await expectUnharmed(0);
});

test.each([
  ['newer', 5],
  ['older', 3600],
])(
  'an event that is too long costs the relay no connection: stored; what is %s is recovered all the same, and the recovery says what it left out',
  async (_, age) => {
    const { alice, expectUnharmed, google, other, server } = await setOutsidersScene();
    for (let n = 0; n < 20; n++) other.store(tooLong(100 + n));
    other.store(eventFor([alice.tradePubkey], { ageSeconds: age }));
    other.disconnectAll();
    await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
    await untilLine(server, other, { state: 'live', recovering: [], reconnects: 1 });
    await expectUnharmed(1);
    expect(
      await server.metric('mostro_push_relay_recovery_skipped_total{reason="poisoned"}'),
    ).toBeGreaterThanOrEqual(20);
  },
);
