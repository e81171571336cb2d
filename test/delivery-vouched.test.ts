import { describe, expect, test } from 'vitest';

import { Daemon } from '../stand-ins/daemon.ts';
import type { Phone } from '../stand-ins/phone.ts';
import { keep } from './support/keep.ts';
import { setScene, untilMetric, type Scene } from './support/scene.ts';
import { eventFor } from './support/wire-events.ts';

const CLAIMED = 'mostro_push_events_claimed_total';
const FORGED = 'mostro_push_events_rejected_total{reason="forged"}';
const RATIONED = 'mostro_push_wakes_rationed_total{cause="unvouched"}';
const HOUR_MS = 3_600_000;

/** A phone whose cooldown a stranger's gift wraps have begun: it lasts an hour, and a wake is held in it. */
async function setCooledDown(daemon: Daemon): Promise<Scene & { alice: Phone; stranger: () => void }> {
  const scene = await setScene({
    environment: {
      MOSTRO_PUBKEYS: daemon.pubkey,
      BATCH_DELAY_MS: '300',
      COOLDOWN_MS: String(HOUR_MS),
    },
  });
  const alice = await scene.phone();
  const stranger = (): void => scene.relay.broadcast(eventFor([alice.tradePubkey]));
  for (const [n, wakes] of [1, 2, 2].entries()) {
    stranger();
    await untilMetric(scene.server, CLAIMED, n + 1);
    await scene.google.pushes.atLeast(wakes);
  }
  return { ...scene, alice, stranger };
}

describe('a stranger who keeps a phone in its cooldown', () => {
  test('does not delay a signed message of the Mostro instance', async () => {
    const daemon = keep(new Daemon());
    const { alice, google, relay, stranger } = await setCooledDown(daemon);
    for (let n = 0; n < 20; n++) stranger();
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(3);
    expect(google.pushes.all.map(({ token }) => token)).toEqual([alice.token, alice.token, alice.token]);
  });

  test('gains nothing by claiming to be the instance', async () => {
    const daemon = keep(new Daemon());
    const { alice, google, relay, server, woken } = await setCooledDown(daemon);
    relay.broadcast({ ...daemon.message(alice.tradePubkey), sig: '0'.repeat(128) });
    await untilMetric(server, FORGED, 1);
    expect(await woken()).toEqual([alice.token, alice.token]);
    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    await google.pushes.atLeast(4);
  });

  test('gets thirty wakes an hour at the most, and a vouched event one of its own after them', async () => {
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
  });
});
