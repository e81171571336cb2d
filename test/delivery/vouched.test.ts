import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { Phone } from '../../stand-ins/phone.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { registeredPhone, setScene, untilMetric, type Scene } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut, promptOnly } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const IS_LEFT_OUT = isLeftOut(promptOnly('windows and cooldowns are of prompt'));

const CLAIMED = 'mostro_push_events_claimed_total';
const FORGED = 'mostro_push_events_rejected_total{reason="forged"}';
const RATIONED = 'mostro_push_wakes_rationed_total{cause="unvouched"}';
const HOUR_MS = 3_600_000;

/** The window is so long that no test sees its end. */
const LONG_WINDOW = { BATCH_DELAY_MS: '600000', COOLDOWN_MS: '0' };
/** The window is long enough for a second event, and the cooldown so long that no test sees its end. */
const LONG_COOLDOWN = { BATCH_DELAY_MS: '1500', COOLDOWN_MS: String(HOUR_MS) };

interface HeldOptions {
  /** Settings beside {@link LONG_WINDOW}. By default the instance is one of `MOSTRO_PUBKEYS`. */
  readonly environment?: Record<string, string>;
  readonly named?: NonNullable<Parameters<Scene['phone']>[0]>['named'];
}

/** A phone that a stranger's gift wrap has woken, and for which a wake is held because of another one. */
async function setHeld(
  { pubkey }: Daemon,
  { environment = { MOSTRO_PUBKEYS: pubkey }, named = {} }: HeldOptions = {},
): Promise<Scene & { alice: Phone; stranger: () => void }> {
  const scene = await setScene({ environment: { ...LONG_WINDOW, ...environment } });
  const alice = await scene.phone({ named });
  const stranger = (): void => scene.relay.broadcast(eventFor([alice.tradePubkey]));
  stranger();
  await scene.google.pushes.atLeast(1);
  stranger();
  await untilMetric(scene.server, CLAIMED, 2);
  return { ...scene, alice, stranger };
}

test.skipIf(BEATS)(
  'a stranger who keeps a phone in its cooldown does not delay a signed message of the Mostro instance',
  async () => {
    const daemon = keep(new Daemon());
    const environment = { ...LONG_COOLDOWN, MOSTRO_PUBKEYS: daemon.pubkey };
    const { alice, google, relay, stranger } = await setHeld(daemon, { environment });
    await google.pushes.atLeast(2);
    for (let n = 0; n < 20; n++) stranger();
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(3);
    expect(google.pushes.all.map(({ token }) => token)).toEqual([alice.token, alice.token, alice.token]);
  },
);

test.skipIf(BEATS)(
  'a stranger who keeps a phone in its cooldown does not delay a signed message of the instance that the registration named',
  async () => {
    const daemon = keep(new Daemon());
    const named = { mostro_pubkey: daemon.pubkey.toUpperCase() };
    const { alice, google, relay } = await setHeld(daemon, { environment: {}, named });
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(2);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'a stranger who keeps a phone in its cooldown delays a signed message of an instance that the registration named before, and names no longer',
  async () => {
    const daemon = keep(new Daemon());
    const named = { mostro_pubkey: daemon.pubkey };
    const { alice, relay, server, woken } = await setHeld(daemon, { environment: {}, named });
    await server.post('/api/register', {
      trade_pubkey: alice.tradePubkey,
      token: alice.token,
      platform: 'android',
    });
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    expect(await woken()).toEqual([alice.token]);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'a stranger who keeps a phone in its cooldown gains nothing by claiming to be the instance',
  async () => {
    const daemon = keep(new Daemon());
    const { alice, google, relay, server, woken } = await setHeld(daemon);
    relay.broadcast({ ...daemon.message(alice.tradePubkey), sig: '0'.repeat(128) });
    await untilMetric(server, FORGED, 1);
    expect(await woken()).toEqual([alice.token]);
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(3);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'a stranger who keeps a phone in its cooldown gets thirty wakes an hour at the most, and a vouched event one of its own after them',
  async () => {
    const daemon = keep(new Daemon());
    const { google, phone, relay, server, woken } = await setScene({
      environment: { MOSTRO_PUBKEYS: daemon.pubkey },
    });
    const alice = await phone();
    for (let n = 1; n <= 30; n++) {
      relay.broadcast(eventFor([alice.tradePubkey]));
      await google.pushes.atLeast(n);
      await untilMetric(server, 'mostro_push_devices_held', 0);
    }
    for (let n = 0; n < 5; n++) relay.broadcast(eventFor([alice.tradePubkey]));
    expect(await woken()).toHaveLength(30);
    expect(await server.metric(RATIONED)).toBe(1);
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(31, { where: ({ token }) => token === alice.token });
  },
);

test.skipIf(BEATS)(
  'the key of a conversation, where MOSTRO_PUBKEYS is set, is woken by a kind 14 of any author, and the key of a trade is not',
  async () => {
    const { pubkey } = keep(new Daemon());
    const { phone, relay, server, woken } = await setScene({ environment: { MOSTRO_PUBKEYS: pubkey } });
    const [chat, trade] = [await phone({ named: { kind: 'conversation' } }), await phone()];
    for (const { tradePubkey } of [chat, trade]) relay.broadcast(eventFor([tradePubkey], { kind: 14 }));
    await untilMetric(server, 'mostro_push_events_rejected_total{reason="other_author"}', 1);
    expect(await woken()).toEqual([chat.token]);
  },
);

test('the key of a conversation, where MOSTRO_PUBKEYS is set, is woken for what came in a gap', async () => {
  const { pubkey } = keep(new Daemon());
  const { google, phone, relay } = await setScene({ environment: { MOSTRO_PUBKEYS: pubkey } });
  const chat = await phone({ named: { kind: 'conversation' } });
  relay.disconnectAll();
  relay.store(eventFor([chat.tradePubkey], { kind: 14 }));
  await google.pushes.atLeast(1, { where: ({ token }) => token === chat.token });
});

test.skipIf(IS_LEFT_OUT)(
  'the key of a conversation, where MOSTRO_PUBKEYS is set, waits for the end of a window with every event: none of them is vouched for it',
  async () => {
    const daemon = keep(new Daemon());
    const { alice, relay, woken } = await setHeld(daemon, { named: { kind: 'conversation' } });
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    expect(await woken()).toEqual([alice.token]);
  },
);

test.skipIf(BEATS)(
  'after a restart with STORE=file the instance that the registration named vouches still, also under the next server key',
  async () => {
    const daemon = keep(new Daemon());
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const relays = [keep(await RelayStandIn.start())] as const;
    const [first, next] = ['1'.repeat(64), '2'.repeat(64)] as const;
    const environment = {
      ...LONG_WINDOW,
      STORE: 'file',
      DATA_DIR: await tempDirectory(),
      SERVER_PRIVATE_KEY: first,
    };
    const before = keep(await startTestServer({ google, relays: [...relays], environment }));
    const named = { mostro_pubkey: daemon.pubkey };
    const alice = await registeredPhone({ name: 'alice', kind: 'android', serverUrl: before.apiUrl, named });
    await before.stop();
    const rotated = { ...environment, SERVER_PRIVATE_KEY: next, SERVER_PRIVATE_KEY_PREVIOUS: first };
    const server = keep(await startTestServer({ google, relays: [...relays], environment: rotated }));
    await untilMetric(server, 'mostro_push_relay_recoveries_total{outcome="complete"}', 2);
    relays[0].broadcast(eventFor([alice.tradePubkey]));
    await google.pushes.atLeast(1);
    relays[0].broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, CLAIMED, 2);
    await daemon.publish(relays[0].url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(2);
  },
);
