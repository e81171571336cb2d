import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { eventFor } from '../support/wire-events.ts';
import { freePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const DUPLICATES = 'mostro_push_events_duplicate_total';

test.skipIf(BEATS).each([1059, 14])('the same event of kind %i from two relays is one push', async (kind) => {
  const relays = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const { server, phone, woken } = await setScene({ relays });
  const alice = await phone();
  const daemon = keep(new Daemon());
  const event = eventFor([alice.tradePubkey], { kind });
  await Promise.all(relays.map((relay) => daemon.publish(relay.url, event)));
  await untilMetric(server, DUPLICATES, 1);
  expect(await woken()).toEqual([alice.token]);
});

test.skipIf(BEATS)(
  'a copy of an event that comes after the push was delivered is no second push',
  async () => {
    const [first, second] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
    const { google, phone, woken } = await setScene({ relays: [first, second] });
    const alice = await phone();
    const event = eventFor([alice.tradePubkey]);
    first.broadcast(event);
    await google.pushes.atLeast(1);
    expect(await woken()).toEqual([alice.token]);
    second.broadcast(event);
    first.broadcast(event);
    expect(await woken()).toEqual([alice.token]);
  },
);

test('one relay delivers while another is unreachable and a third sends rubbish', async () => {
  const [good, bad] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const urls = [bad.url, `ws://127.0.0.1:${await freePort()}`, good.url];
  const { server, phone, woken } = await setScene({
    relays: [good, bad],
    environment: { NOSTR_RELAYS: urls.join(',') },
  });
  const alice = await phone();
  for (const rubbish of ['', '[]', '{', '["EVENT"]', '["EVENT",1,{}]', 'rubbish']) bad.sendRaw(rubbish);
  good.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  const status = await (await fetch(`${server.apiUrl}/api/status`)).json();
  expect(status).toMatchObject({
    relays: [{ state: 'live' }, { served: [] }, { state: 'live', served: [1059, 14] }],
  });
});

test('a relay that goes away is subscribed to again by itself once it is back on its port, and its next event arrives', async () => {
  const before = await RelayStandIn.start();
  const { google, phone } = await setScene({ relays: [before] });
  const alice = await phone();
  await before.stop();
  const after = keep(await RelayStandIn.start({ port: before.port }));
  await Promise.all([after.subscribed(1059), after.subscribed(14)]);

  const daemon = keep(new Daemon());
  await daemon.publish(after.url, daemon.giftWrap(alice.tradePubkey, { backdatedHours: 47 }));
  await google.pushes.atLeast(1);
  await daemon.publish(after.url, daemon.message(alice.tradePubkey));
  await google.pushes.atLeast(2);
  expect(google.pushes.all.map(({ token }) => token)).toEqual([alice.token, alice.token]);
});

test('a relay that goes away and cuts the connection without a word, again and again, is subscribed to again each time', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  for (let cut = 1; cut <= 3; cut++) {
    relay.disconnectAll();
    await Promise.all([relay.subscribed(1059, cut + 1), relay.subscribed(14, cut + 1)]);
  }
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  expect(relay.clientCount).toBe(1);
});

test.skipIf(BEATS)(
  'a relay that goes away and comes back does not repeat a wake for an event that was handled',
  async () => {
    const relay = keep(await RelayStandIn.start({ sendStoredDespiteLimitZero: true }));
    const { server, phone, woken } = await setScene({ relays: [relay] });
    const alice = await phone();
    const daemon = keep(new Daemon());
    await daemon.publish(relay.url, daemon.giftWrap(alice.tradePubkey));
    expect(await woken()).toEqual([alice.token]);
    relay.disconnectAll();
    await relay.subscribed(14, 2);
    await untilMetric(server, DUPLICATES, 1);
    expect(await woken()).toEqual([alice.token]);
  },
);
