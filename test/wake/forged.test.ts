import { generateSecretKey, type NostrEvent } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { eventFor, flipped } from '../support/wire-events.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const FORGED = 'mostro_push_events_rejected_total{reason="forged"}';

test.skipIf(BEATS).each([
  ['content', 1059],
  ['sig', 1059],
  ['id', 1059],
  ['pubkey', 1059],
  ['content', 14],
  ['sig', 14],
  ['id', 14],
  ['pubkey', 14],
] as const)(
  'a forged event with one bit of its %s flipped, kind %i, wakes no device; the genuine one after it does',
  async (member, kind) => {
    const { relay, server, phone, woken } = await setScene();
    const alice = await phone();
    const genuine = eventFor([alice.tradePubkey], { kind });
    relay.broadcast(flipped(genuine, member));
    expect(await woken()).toEqual([]);
    expect(await server.metric(FORGED)).toBe(1);
    relay.broadcast(genuine);
    expect(await woken()).toEqual([alice.token]);
  },
);

test.skipIf(BEATS).each([
  ['a later time', (event: NostrEvent) => ({ ...event, created_at: event.created_at + 1 })],
  ['another kind', (event: NostrEvent) => ({ ...event, kind: 14 })],
  ['one more tag', (event: NostrEvent) => ({ ...event, tags: [...event.tags, ['t', 'x']] })],
])('a forged event with %s wakes no device', async (_name, forge) => {
  const { relay, server, phone, woken } = await setScene();
  const alice = await phone();
  relay.broadcast(forge(eventFor([alice.tradePubkey])));
  expect(await woken()).toEqual([]);
  expect(await server.metric(FORGED)).toBe(1);
});

test.skipIf(BEATS)(
  'a forged event readdressed from a stranger to a registered key wakes no device',
  async () => {
    const { relay, phone, woken } = await setScene();
    const alice = await phone();
    const strangers = eventFor(['ab'.repeat(32)]);
    relay.broadcast({ ...strangers, tags: [['p', alice.tradePubkey]] });
    expect(await woken()).toEqual([]);
  },
);

test.skipIf(BEATS)(
  'a forged event whose id is right and whose signature is another event’s wakes no device',
  async () => {
    const { relay, server, phone, woken } = await setScene();
    const alice = await phone();
    const secretKey = generateSecretKey();
    const genuine = eventFor([alice.tradePubkey], { secretKey });
    const other = eventFor([alice.tradePubkey], { secretKey, content: 'another' });
    relay.broadcast({ ...genuine, sig: other.sig });
    expect(await woken()).toEqual([]);
    expect(await server.metric(FORGED)).toBe(1);
    relay.broadcast(genuine);
    expect(await woken()).toEqual([alice.token]);
  },
);

test.skipIf(BEATS)(
  'a forged event whose id is right and which another key signed in the author’s name wakes no device',
  async () => {
    const { relay, phone, woken } = await setScene();
    const alice = await phone();
    const mine = eventFor([alice.tradePubkey]);
    const author = eventFor([alice.tradePubkey]);
    relay.broadcast({ ...mine, pubkey: author.pubkey });
    relay.broadcast({ ...author, sig: mine.sig });
    expect(await woken()).toEqual([]);
  },
);

test.skipIf(BEATS)(
  'a forged event whose key is no point on the curve, or whose signature is out of range, wakes no device and ends nothing',
  async () => {
    const { relay, server, phone, woken } = await setScene();
    const alice = await phone();
    const genuine = eventFor([alice.tradePubkey]);
    relay.broadcast({ ...genuine, pubkey: 'ff'.repeat(32) });
    relay.broadcast({ ...genuine, pubkey: '00'.repeat(32) });
    relay.broadcast({ ...genuine, sig: 'ff'.repeat(64) });
    relay.broadcast({ ...genuine, sig: '00'.repeat(64) });
    expect(await woken()).toEqual([]);
    expect(await server.metric(FORGED)).toBe(4);
    relay.broadcast(genuine);
    expect(await woken()).toEqual([alice.token]);
  },
);

test.skipIf(BEATS)(
  'a forged event that bears the id of a genuine one, from another relay and before it, does not suppress it',
  async () => {
    const [liar, honest] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
    const { server, phone, woken } = await setScene({ relays: [liar, honest] });
    const alice = await phone();
    const genuine = eventFor([alice.tradePubkey]);
    for (const member of ['content', 'sig', 'pubkey'] as const) liar.broadcast(flipped(genuine, member));
    await untilMetric(server, FORGED, 3);
    honest.broadcast(genuine);
    expect(await woken()).toEqual([alice.token]);
  },
);

test('a forged event that bears the id of one already handled wakes no device', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  const genuine = eventFor([alice.tradePubkey]);
  relay.broadcast(genuine);
  relay.broadcast(flipped(genuine, 'content'));
  relay.broadcast(flipped(genuine, 'sig'));
  expect(await woken()).toEqual([alice.token]);
});
