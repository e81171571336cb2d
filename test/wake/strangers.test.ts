import { randomBytes } from 'node:crypto';

import { generateSecretKey, getPublicKey, type NostrEvent } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { eventFor } from '../support/wire-events.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const HOUR = 3600;
const now = (): number => Math.floor(Date.now() / 1000);
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const strangers = (count: number): string[] =>
  Array.from({ length: count }, () => getPublicKey(generateSecretKey()));

/** An event of the right form. Only a signature check finds that its signature is wrong. */
function unsignedEvent(kind: number): NostrEvent {
  return {
    id: hex(32),
    pubkey: hex(32),
    created_at: now(),
    kind,
    tags: [['p', hex(32)]],
    content: 'AgABAgMEBQYHCAkKCwwNDg8Q',
    sig: hex(64),
  };
}

test.skipIf(BEATS)(
  '10 000 live events for unregistered keys lead to no push and to no signature check',
  async () => {
    const { relay, google, server, phone, woken } = await setScene();
    await phone();
    for (let n = 0; n < 5000; n++) {
      relay.broadcast(unsignedEvent(1059));
      relay.broadcast(unsignedEvent(14));
    }
    await untilMetric(server, 'mostro_push_events_received_total{kind="14"}', 5000);

    expect(await server.metric('mostro_push_events_received_total{kind="1059"}')).toBe(5000);
    expect(await server.metric('mostro_push_events_unmatched_total')).toBe(10_000);
    expect(await server.metric('mostro_push_events_verified_total')).toBe(0);
    expect(await server.metric('mostro_push_wakes_queued_total{provider="fcm"}')).toBe(0);
    expect(google.pushes.count).toBe(0);
    // The counter works, and so does the server.
    expect(await woken()).toEqual([]);
    expect(await server.metric('mostro_push_events_verified_total')).toBe(1);
  },
);

test.skipIf(BEATS)(
  'an event with eleven recipients is a broadcast and wakes no device; one with ten wakes its device',
  async () => {
    const { relay, server, phone, woken } = await setScene();
    const alice = await phone();
    relay.broadcast(eventFor([alice.tradePubkey, ...strangers(10)]));
    relay.broadcast(eventFor([...strangers(9), alice.tradePubkey, ...strangers(1)]));
    expect(await woken()).toEqual([]);
    expect(await server.metric('mostro_push_events_rejected_total{reason="crowded"}')).toBe(2);
    relay.broadcast(eventFor([...strangers(9), alice.tradePubkey]));
    expect(await woken()).toEqual([alice.token]);
  },
);

test('an event that names one recipient fifty times is no broadcast', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  relay.broadcast(eventFor(Array.from({ length: 50 }, () => alice.tradePubkey)));
  expect(await woken()).toEqual([alice.token]);
});

test.skipIf(BEATS).each([1059, 14])(
  'an event of kind %i over 72 hours old wakes no device; one of 71 hours does',
  async (kind) => {
    const { relay, server, phone, woken } = await setScene();
    const alice = await phone();
    relay.broadcast(eventFor([alice.tradePubkey], { kind, ageSeconds: 72 * HOUR + 60 }));
    expect(await woken()).toEqual([]);
    expect(await server.metric('mostro_push_events_rejected_total{reason="too_old"}')).toBe(1);
    relay.broadcast(eventFor([alice.tradePubkey], { kind, ageSeconds: 71 * HOUR }));
    expect(await woken()).toEqual([alice.token]);
  },
);

test.skipIf(BEATS).each([1059, 14])(
  'an event of kind %i that has expired wakes no device; one that will expire does',
  async (kind) => {
    const { relay, server, phone, woken } = await setScene();
    const alice = await phone();
    const expiring = (at: number): NostrEvent =>
      eventFor([alice.tradePubkey], { kind, tags: [['expiration', String(at)]] });
    relay.broadcast(expiring(now() - 1));
    expect(await woken()).toEqual([]);
    expect(await server.metric('mostro_push_events_rejected_total{reason="expired"}')).toBe(1);
    relay.broadcast(expiring(now() + HOUR));
    expect(await woken()).toEqual([alice.token]);
  },
);

test('an expired copy of an event does not suppress a later event for the same key', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey], { ageSeconds: 73 * HOUR }));
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});
