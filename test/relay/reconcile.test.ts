import { createHash } from 'node:crypto';

import type { NostrEvent } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import type { Filter } from '../../stand-ins/relay-filter.ts';
import type { NegentropyOptions, RelayOptions } from '../../stand-ins/relay-options.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const QUICK = { baseMs: 20, maxMs: 50 };
const NEVER = { minMs: 1, baseMs: 3_600_000, maxMs: 3_600_000 };
const AUDIT = {
  messages: NEVER,
  wraps: NEVER,
  standstillMs: Infinity,
  burstEvents: Infinity,
  afterStandstillMs: 100,
  confirmMs: 100,
};
const relayTiming = {
  reconnect: QUICK,
  resubscribe: QUICK,
  pageTimeoutMs: 500,
  eoseLingerMs: 20,
  audit: AUDIT,
};

const ended = (outcome: string): string => `mostro_push_relay_reconciliations_total{outcome="${outcome}"}`;

/** Gift wraps for strangers, spread over two days. The relay does not verify them, and neither does the server. */
function foreign(name: string, count: number): NostrEvent[] {
  const one = eventFor(['ab'.repeat(32)]);
  return Array.from({ length: count }, (_, n) => ({
    ...one,
    id: createHash('sha256').update(`${name}${n}`).digest('hex'),
    created_at: one.created_at - ((n * 7919) % 172_000),
  }));
}

async function offering(negentropy: NegentropyOptions, options: RelayOptions = {}): Promise<RelayStandIn> {
  const information = { supported_nips: [1, 11, 77] };
  const relay = keep(await RelayStandIn.start({ information, negentropy, ...options }));
  relay.storeAll(foreign('old', 600));
  return relay;
}

/** A server that has recovered one gap of each relay by pages, so that it knows what they have stored. */
async function sceneWith(relays: readonly RelayStandIn[]): Promise<Scene> {
  const scene = await setScene({ relays, relayTiming });
  await scene.phone();
  await cut(scene, relays);
  return scene;
}

/** Cuts the connections, and stores these events meanwhile. Returns when the gaps of both kinds have been recovered. */
async function cut(
  { server }: Scene,
  relays: readonly RelayStandIn[],
  events: (relay: RelayStandIn) => readonly NostrEvent[] = () => [],
): Promise<void> {
  const series = 'mostro_push_relay_recoveries_total';
  const outcomes = ['complete', 'incomplete', 'unverified'].map(
    (outcome) => `${series}{outcome="${outcome}"}`,
  );
  const recovered = async (): Promise<number> => {
    const counts = await Promise.all(outcomes.map(async (outcome) => server.metric(outcome)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const before = await recovered();
  for (const relay of relays) {
    relay.storeAll(events(relay));
    relay.disconnectAll();
  }
  const all = before + 2 * relays.length;
  await expect.poll(recovered, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(all);
  for (const relay of relays) await untilLine(server, relay, { recovering: [] });
}

/** The filters of all REQs for stored events since the n-th. */
function askedSince(relay: RelayStandIn, n: number): Filter[] {
  const filters = relay.requests.all.slice(n).flatMap((request) => request.filters);
  return filters.filter(({ ids, since }) => ids !== undefined || since !== undefined);
}

test('a relay that offers NIP-77 is asked for the missing events only, by their ids, whoever they are for, and each wakes once', async () => {
  const relay = await offering({});
  const scene = await sceneWith([relay]);
  const { google, phone, server } = scene;
  const [alice, bob] = [await phone(), await phone()];
  // What came live is known too.
  for (const event of foreign('live', 50)) {
    relay.store(event);
    relay.broadcast(event);
  }
  const asked = relay.requests.count;
  const wakes = [alice, bob].map(({ tradePubkey }) => eventFor([tradePubkey], { ageSeconds: 170_000 }));
  const chat = eventFor([bob.tradePubkey], { kind: 14 });
  await cut(scene, [relay], () => [...foreign('missed', 40), ...wakes, chat]);
  await google.pushes.atLeast(2);
  const filters = askedSince(relay, asked);
  expect(filters.every(({ ids, since }) => ids !== undefined && since === undefined)).toBe(true);
  const wraps = filters.filter(({ kinds }) => kinds?.includes(1059)).flatMap(({ ids = [] }) => ids);
  expect(wraps).toHaveLength(42);
  expect(wraps).toContain(wakes[0]?.id);
  expect(await server.metric(ended('complete'))).toBe(2);
  expect(await server.metric('mostro_push_relay_known_events_bytes')).toBeGreaterThan(0);
  // Nothing is missing any more, and nothing is asked for.
  const before = relay.requests.count;
  await cut(scene, [relay]);
  expect(askedSince(relay, before)).toEqual([]);
  expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual([alice.token, bob.token].toSorted());
  // The filter of a negotiation names no key either.
  const members = relay.negotiations.all.flatMap((filter) => Object.keys(filter));
  expect(new Set(members)).toEqual(new Set(['kinds', 'since']));
});

/** Very many ids. */
const MANY = Array.from({ length: 15_000 }, (_, n) => n.toString(16).padStart(64, '0')).join('');

/** How a relay answers. On a busy machine, any of them may also count as one that does not. */
const BAD: readonly NegentropyOptions[] = [
  { instead: (id) => [['NEG-MSG', id, 'no hex']] },
  // Another version.
  { instead: (id) => [['NEG-MSG', id, '62']] },
  // Two answers to each message.
  { instead: (id) => Array.from({ length: 2 }, () => ['NEG-MSG', id, '61']) },
  { instead: (id) => [['NEG-MSG', id, `610000028f5c28${MANY}`]] },
  { instead: () => [] },
  { mostEvents: 0 },
  { instead: (id) => [['NEG-ERR', id, 'closed: too slow']] },
  { instead: (id) => [['CLOSED', id, 'unsupported: no such message']] },
  { instead: () => [['NOTICE', 'unknown message']] },
  { newest: 500 },
];

test('relays that answer NIP-77 with rubbish, not at all, with a refusal or a part are asked for pages: both devices wake, none is negotiated with again, and none is banned', async () => {
  const relays = await Promise.all(BAD.map(async (negentropy) => offering(negentropy)));
  const scene = await sceneWith(relays);
  const { google, server } = scene;
  const devices = await registerDevices(server, 2 * relays.length);
  await cut(scene, relays, (relay) => {
    const [wrapped, chatting] = devices.slice(2 * relays.indexOf(relay));
    const wrap = eventFor([wrapped?.key ?? ''], { ageSeconds: 160_000 });
    return [wrap, eventFor([chatting?.key ?? ''], { kind: 14 })];
  });
  await google.pushes.atLeast(devices.length);
  const failures = ['rubbish', 'unanswered', 'blocked', 'closed', 'other', 'lacking'];
  const counts = await Promise.all(failures.map(async (outcome) => server.metric(ended(outcome))));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(relays.length);
  const before = relays.map(({ negotiations, requests }) => [negotiations.count, requests.count] as const);
  await cut(scene, relays);
  for (const [n, relay] of relays.entries()) {
    const [negotiated = 0, asked = 0] = before[n] ?? [];
    expect([n, relay.negotiations.count]).toEqual([n, negotiated]);
    expect(askedSince(relay, asked).length).toBeGreaterThan(1);
  }
  expect(await server.metric('mostro_push_relay_bans_total{reason="rubbish"}')).toBe(0);
  expect(google.pushes.count).toBe(devices.length);
});

/** Answers a message with one fingerprint by a list of twenty ids that the relay does not have. */
function listInstead(message: string): string {
  const ids = Array.from({ length: 20 }, (_, n) => (n + 1).toString(16).padStart(64, 'c')).join('');
  return `${message.slice(0, -34)}0214${ids}`;
}

test('a relay that compares few events at once is asked about parts of the time; one that gives no listed event is asked for pages; a second with more events than a page is got whole', async () => {
  const relays = [
    await offering({ mostEvents: 300, frameBytes: 4096 }),
    await offering({ instead: (id, message) => [['NEG-MSG', id, listInstead(message)]] }),
    await offering({}, { maxLimit: 51 }),
  ] as const;
  const scene = await sceneWith(relays);
  const { google, server } = scene;
  const devices = await registerDevices(server, 102);
  const [alice, bob, ...others] = devices.map(({ key }) => eventFor([key], { ageSeconds: 5000 }));
  const [few, withholding, small] = relays;
  const asked = few.requests.count;
  const missed = new Map([
    [few, [...foreign('missed', 30), alice]],
    [withholding, [bob]],
    [small, others],
  ]);
  await cut(scene, relays, (relay) => (missed.get(relay) ?? []).filter((event) => event !== undefined));
  await google.pushes.atLeast(devices.length);
  expect(new Set(google.pushes.all.map(({ token }) => token)).size).toBe(devices.length);
  expect(few.negotiations.count).toBeGreaterThan(3);
  const wraps = askedSince(few, asked).filter(({ kinds }) => kinds?.includes(1059));
  expect(wraps.flatMap(({ ids = [] }) => ids)).toHaveLength(31);
  expect(await server.metric('mostro_push_relay_recoveries_total{outcome="incomplete"}')).toBe(0);
});

test('a relay without a document is asked once whether it offers NIP-77, and what a page of a second lacks is then found by an audit', async () => {
  const relay = keep(await RelayStandIn.start({ negentropy: {}, maxLimit: 31 }));
  const beat = { minMs: 1, baseMs: 100, maxMs: 400 };
  const audit = { ...AUDIT, wraps: beat };
  const { google, server } = await setScene({ relays: [relay], relayTiming: { ...relayTiming, audit } });
  const devices = await registerDevices(server, 60);
  relay.storeAll(devices.map(({ key }) => eventFor([key], { ageSeconds: 5000 })));
  await google.pushes.atLeast(60);
  expect(new Set(google.pushes.all.map(({ token }) => token)).size).toBe(60);
  await untilMetric(server, 'mostro_push_relay_audit_found_total{kind="1059"}', 60);
  const asked = relay.requests.count;
  const negotiated = relay.negotiations.count;
  await relay.negotiations.atLeast(negotiated + 2);
  expect(askedSince(relay, asked)).toEqual([]);
});
