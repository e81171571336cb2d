import { npubEncode } from 'nostr-tools/nip19';
import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { keep } from '../support/keep.ts';
import { liveRequests } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const OTHER_AUTHOR = 'mostro_push_events_rejected_total{reason="other_author"}';

test('with MOSTRO_PUBKEYS, a kind 14 by any of them wakes, named in hex or as npub; a relay is asked for everyone’s, for conversations', async () => {
  const [first, second] = [keep(new Daemon()), keep(new Daemon())];
  const written = `${first.pubkey.toUpperCase()}, ${npubEncode(second.pubkey)}`;
  const { phone, relay, woken } = await setScene({ environment: { MOSTRO_PUBKEYS: written } });
  expect(liveRequests(relay, 14).map(({ filters }) => filters)).toEqual([[{ kinds: [14], limit: 0 }]]);
  const [alice, bob] = [await phone(), await phone()];
  await first.publish(relay.url, first.message(alice.tradePubkey));
  await second.publish(relay.url, second.message(bob.tradePubkey));
  expect((await woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
});

test.skipIf(BEATS)('with MOSTRO_PUBKEYS, a kind 14 by any other author wakes no device', async () => {
  const { pubkey } = keep(new Daemon());
  const { phone, relay, server, woken } = await setScene({ environment: { MOSTRO_PUBKEYS: pubkey } });
  const alice = await phone();
  const event = eventFor([alice.tradePubkey], { kind: 14 });
  relay.broadcast(event);
  await untilMetric(server, OTHER_AUTHOR, 1);
  expect(await woken()).toEqual([]);
});

test.skipIf(BEATS)(
  'with MOSTRO_PUBKEYS, a kind 14 that claims to be by one of them, and is not signed by it, wakes no device',
  async () => {
    const daemon = keep(new Daemon());
    const { phone, relay, woken } = await setScene({ environment: { MOSTRO_PUBKEYS: daemon.pubkey } });
    const alice = await phone();
    relay.broadcast({ ...eventFor([alice.tradePubkey], { kind: 14 }), pubkey: daemon.pubkey });
    relay.broadcast({ ...daemon.message(alice.tradePubkey), sig: '0'.repeat(128) });
    expect(await woken()).toEqual([]);
  },
);

test('with MOSTRO_PUBKEYS, a gift wrap by anyone wakes: no relay is asked for its author', async () => {
  const { pubkey } = keep(new Daemon());
  const { phone, relay, woken } = await setScene({ environment: { MOSTRO_PUBKEYS: pubkey } });
  const alice = await phone();
  const stranger = keep(new Daemon());
  await stranger.publish(relay.url, stranger.giftWrap(alice.tradePubkey, { backdatedHours: 30 }));
  expect(await woken()).toEqual([alice.token]);
  expect(liveRequests(relay, 1059).map(({ filters }) => filters)).toEqual([[{ kinds: [1059], limit: 0 }]]);
});

test.skipIf(BEATS)(
  'with MOSTRO_PUBKEYS, a gap is recovered for them: their kind 14 wakes, another’s does not',
  async () => {
    const daemon = keep(new Daemon());
    const environment = { MOSTRO_PUBKEYS: daemon.pubkey };
    const { google, phone, relay, server, woken } = await setScene({ environment });
    const [alice, bob, carol] = [await phone(), await phone(), await phone()];
    relay.disconnectAll();
    relay.store(daemon.message(alice.tradePubkey));
    relay.store(eventFor([bob.tradePubkey], { kind: 14 }));
    relay.store(eventFor([carol.tradePubkey]));
    await google.pushes.atLeast(2);
    await untilMetric(server, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    expect((await woken()).toSorted()).toEqual([alice.token, carol.token].toSorted());
  },
);

test('without MOSTRO_PUBKEYS a kind 14 by anyone wakes', async () => {
  const { phone, relay, woken } = await setScene();
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey], { kind: 14 }));
  expect(await woken()).toEqual([alice.token]);
});
