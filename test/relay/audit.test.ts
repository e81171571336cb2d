import { setTimeout as delay } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { HOUR_MS } from '../../src/core/basics/clock.ts';
import { RELAY_TIMING } from '../../src/relay/connection/relay-timing.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { registeredPhone, setScene, untilMetric } from '../support/scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { publishAll } from '../support/test-relay.ts';
import { eventFor } from '../support/wire-events.ts';

const BEAT = { minMs: 100, baseMs: 200, maxMs: 400 };
const NEVER = { minMs: 100, baseMs: 3_600_000, maxMs: 3_600_000 };
const BRISK = {
  messages: BEAT,
  wraps: BEAT,
  standstillMs: Infinity,
  burstEvents: Infinity,
  afterStandstillMs: 100,
  confirmMs: 100,
};
/** Audits come after a standstill only. */
const AFTER_STANDSTILLS = { ...BRISK, messages: NEVER, wraps: NEVER, standstillMs: 500 };

/** Audits come after a burst only. */
const AFTER_BURSTS = { ...BRISK, messages: NEVER, wraps: NEVER, burstEvents: 200 };

const foundMetric = (kind: number): string => `mostro_push_relay_audit_found_total{kind="${kind}"}`;

test.each([1059, 14])(
  'events of kind %i that a relay dropped without a word are found by an audit and wake, each once, and the log and the metric say how many',
  async (kind) => {
    const relay = keep(await RelayStandIn.start({ dropEvery: 5 }));
    const { google, server } = await setScene({ relays: [relay], relayTiming: { audit: BRISK } });
    const devices = await registerDevices(server, 50);
    const foreign = Array.from({ length: 200 }, () => eventFor(['ab'.repeat(32)], { kind }));
    const events = devices.flatMap(({ key }, n) =>
      foreign.slice(4 * n, 4 * n + 3).concat(eventFor([key], { kind })),
    );
    await publishAll(relay.url, events);
    await google.pushes.atLeast(50);
    // Every fifth of four times fifty.
    const dropped = events.filter((_, n) => n % 4 === 3 && (n + 1) % 5 === 0).length;
    await untilMetric(server, foundMetric(kind), dropped);
    // Further audits find nothing, whatever they ask for.
    const clean = `mostro_push_relay_audits_total{outcome="clean"}`;
    await expect.poll(async () => server.metric(clean)).toBeGreaterThan(2);
    expect(new Set(google.pushes.all.map(({ token }) => token)).size).toBe(50);
    expect(google.pushes.count).toBe(50);
    expect(await server.metric(foundMetric(kind))).toBe(dropped);
    const lines = server.log.all.filter(({ msg }) => msg === 'relay.events_dropped');
    expect(lines.reduce((sum, line) => sum + (line as unknown as { count: number }).count, 0)).toBe(dropped);
  },
);

test('a burst in which a relay dropped events is followed by an audit, though the program read all the time', async () => {
  const relay = keep(await RelayStandIn.start({ dropEvery: 5 }));
  const { google, phone, server } = await setScene({ relays: [relay], relayTiming: { audit: AFTER_BURSTS } });
  const alice = await phone();
  const foreign = swiftEvents(
    Array.from({ length: 499 }, () => ({ recipient: 'ab'.repeat(32), kind: 1059, ageSeconds: 0 })),
  );
  // The last of these is a fifth one, and is dropped.
  await publishAll(relay.url, [...foreign, eventFor([alice.tradePubkey])]);
  await google.pushes.atLeast(1);
  await untilMetric(server, foundMetric(1059), 1);
});

test('an audit waits while a burst of live events is under way, so that it finds what the relay drops until the end', async () => {
  const audit = { ...BRISK, messages: NEVER, wraps: { ...NEVER, baseMs: 300 }, burstEvents: 100 };
  const { google, phone, relay, server } = await setScene({ relayTiming: { audit } });
  const alice = await phone();
  const burst = swiftEvents(
    Array.from({ length: 300 }, () => ({ recipient: 'ab'.repeat(32), kind: 1059, ageSeconds: 0 })),
  );
  for (let n = 0; n < 40; n++) {
    for (const event of burst) relay.broadcast(event);
    await delay(20);
  }
  const pages = relay.requests.all.filter(({ filters: [filter] }) => filter?.since !== undefined);
  expect(pages).toEqual([]);
  relay.store(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  await untilMetric(server, foundMetric(1059), 1);
});

test('an audit blames no relay for what came live: for a device whose wake was still to come, for a key that was not registered yet, from another relay', async () => {
  const [relay, other] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const { google, phone, server } = await setScene({
    relays: [relay, other],
    relayTiming: { audit: BRISK },
    environment: { BATCH_DELAY_MS: '1000' },
  });
  const alice = await phone();
  const bob = '0123456789abcdef'.repeat(4);
  const events = [0, 1, 2].map(() => eventFor([alice.tradePubkey]));
  await publishAll(relay.url, [...events, eventFor([bob])]);
  for (const event of events) other.store(event);
  // The first event wakes at once, and the other two share a wake.
  await google.pushes.atLeast(2);
  await expect.poll(async () => server.metric('mostro_push_events_unmatched_total')).toBeGreaterThan(0);
  const body = { trade_pubkey: bob, token: 'token-of-bob', platform: 'android' };
  expect(await server.post('/api/register', body)).toMatchObject({ status: 200 });
  const clean = `mostro_push_relay_audits_total{outcome="clean"}`;
  const before = await server.metric(clean);
  await expect.poll(async () => server.metric(clean)).toBeGreaterThan(before + 6);
  const tokens = google.pushes.all.map(({ token }) => token);
  expect([tokens, await server.metric(foundMetric(1059))]).toEqual([[alice.token, alice.token], 0]);
});

test('a relay that is not read for over half a second, because of what it sends, is audited afterwards', async () => {
  // On a busy machine the pause is long: neither a ping nor a NOTICE may lead to a recovery meanwhile.
  const relayTiming = { audit: AFTER_STANDSTILLS, pingIntervalMs: HOUR_MS, silenceAfterNoticeMs: HOUR_MS };
  const { google, phone, relay, server } = await setScene({ relayTiming });
  const alice = await phone();
  relay.store(eventFor([alice.tradePubkey]));
  // Each costs a whole JSON.parse, and four times that in rest.
  const large = JSON.stringify(['NOTICE', Array.from({ length: 100_000 }, () => ({ a: 1 }))]);
  for (let n = 0; n < 48; n++) relay.sendRaw(large);
  await google.pushes.atLeast(1);
  await untilMetric(server, foundMetric(1059), 1);
  expect(await server.metric('mostro_push_relay_throttled_total')).toBeGreaterThan(0);
});

test('a program that was stopped for three seconds finds what a relay dropped meanwhile, and a stop ends an audit', async () => {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const { apiUrl, program } = await serve({
    ...(await googleEnvironment(google)),
    NOSTR_RELAYS: relay.url,
  });
  await Promise.all([relay.subscribed(1059), relay.subscribed(14)]);
  const phones = await Promise.all(
    [1059, 14].map(async (kind) => ({
      kind,
      phone: await registeredPhone({ name: `phone ${kind}`, kind: 'android', serverUrl: apiUrl }),
    })),
  );
  program.kill('SIGSTOP');
  for (const { kind, phone } of phones) relay.store(eventFor([phone.tradePubkey], { kind }));
  await delay(3000);
  program.kill('SIGCONT');
  await google.pushes.atLeast(2);
  expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(
    phones.map(({ phone }) => phone.token).toSorted(),
  );
  await program.untilPrinted(/relay\.events_dropped/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('an audit whose page is never answered ends with the connection, and holds up neither a live wake nor the stop', async () => {
  // With a document, the relay is not asked first whether it offers NIP-77: that question would be the one without an answer.
  const relay = keep(await RelayStandIn.start({ information: { supported_nips: [1] } }));
  // A stop that waited for the answer would wait for longer than the test.
  const relayTiming = { audit: BRISK, pageTimeoutMs: HOUR_MS };
  const { phone, server, woken } = await setScene({ relays: [relay], relayTiming });
  const alice = await phone();
  relay.pauseAnswers();
  await relay.heldFrames.atLeast(1, { where: ([type]) => type === 'REQ' });
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  await server.stop();
});

test('relays that answer no page hold up no audit of another relay, and a relay that drops events again and again raises an alarm, which the operator alone sees', async () => {
  const slow = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const relay = keep(await RelayStandIn.start({ dropEvery: 1 }));
  const { google, phone, server } = await setScene({
    relays: [relay, ...slow],
    relayTiming: { audit: BRISK },
  });
  const phones = [await phone(), await phone(), await phone()];
  for (const one of slow) one.pauseAnswers();
  await Promise.all(slow.map(async (one) => one.heldFrames.atLeast(1)));
  for (const [n, { tradePubkey }] of phones.entries()) {
    await publishAll(relay.url, [eventFor([tradePubkey], { kind: 14 })]);
    await untilMetric(server, foundMetric(14), n + 1);
    const series = 'mostro_push_alarm{alarm="relay drops events"}';
    expect(await server.metric(series)).toBe(n < 2 ? 0 : 1);
  }
  expect(google.pushes.all.map(({ token }) => token)).toEqual(phones.map(({ token }) => token));
  const { relays } = JSON.parse((await call(`${server.adminUrl}/dashboard.json`)).text) as {
    relays: { dropped?: { count: number } }[];
  };
  expect(relays.map(({ dropped }) => dropped?.count)).toEqual([3, undefined, undefined]);
  expect((await call(`${server.apiUrl}/api/status`)).text).not.toContain('dropped');
});

test('a second that a relay does not give in full, because it holds more events than a page, is counted and logged by an audit too', async () => {
  const relay = keep(await RelayStandIn.start({ maxLimit: 12 }));
  const { phone, server } = await setScene({ relays: [relay], relayTiming: { audit: BRISK } });
  await phone();
  const stranger = eventFor(['ab'.repeat(32)], { kind: 14, ageSeconds: 5 });
  for (let n = 0; n < 30; n++) relay.store({ ...stranger, id: n.toString(16).padStart(64, '0') });
  relay.store({ ...stranger, id: 'f'.repeat(64), created_at: stranger.created_at - 5 });
  const series = 'mostro_push_relay_recovery_skipped_total{reason="crowded"}';
  await expect.poll(async () => server.metric(series)).toBeGreaterThan(0);
  const line = server.log.all.find(({ msg }) => msg === 'relay.seconds_skipped');
  expect(line).toMatchObject({ kind: 14, reason: 'crowded', count: 1 });
});

test('events of a second that no page gives in full are found by their ids, at a relay that offers reconciliations without a document that says so', async () => {
  const relay = keep(await RelayStandIn.start({ maxLimit: 12, negentropy: {} }));
  const { google, server } = await setScene({ relays: [relay], relayTiming: { audit: BRISK } });
  const devices = await registerDevices(server, 8);
  const strangers = Array.from({ length: 40 }, () => 'ab'.repeat(32));
  const recipients = [...strangers, ...devices.map(({ key }) => key)];
  relay.storeAll(swiftEvents(recipients.map((recipient) => ({ recipient, kind: 14, ageSeconds: 5 }))));
  await google.pushes.atLeast(8);
  await untilMetric(server, foundMetric(14), 8);
  expect(new Set(google.pushes.all.map(({ token }) => token)).size).toBe(8);
  // All of them by one audit: a later one may be hours away.
  expect(await server.metric('mostro_push_relay_audits_total{outcome="found"}')).toBe(1);
});

test('the default beat of kind 14 is within what a recovery goes back before a gap', () => {
  expect(RELAY_TIMING.audit.messages.maxMs).toBeLessThanOrEqual(900_000);
});
