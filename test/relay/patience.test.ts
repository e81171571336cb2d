import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { isLiveRequest, liveRequests, untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const COMPLETE = 'mostro_push_relay_recoveries_total{outcome="complete"}';
const HOUR_MS = 3_600_000;

function asksForGiftWraps({ filters }: { filters: { kinds?: number[]; limit?: number }[] }): boolean {
  return isLiveRequest(filters, 1059);
}

test('a kind that is quiet is asked for again ever more seldom, and as often as before once an event has come', async () => {
  const { phone, relay } = await setScene({ relayTiming: { silenceMs: 50, maxSilenceMs: HOUR_MS } });
  await phone();
  for (let n = 2; n <= 16; n++) {
    await relay.requests.atLeast(n, {
      where: ({ filters }) => isLiveRequest(filters, 14),
    });
    relay.broadcast(eventFor(['ab'.repeat(32)], { kind: 14 }));
  }
  expect(liveRequests(relay, 1059).length).toBeLessThanOrEqual(8);
});

test('a kind that is quiet is asked for at the longest interval at the least', async () => {
  const { phone, relay } = await setScene({ relayTiming: { silenceMs: 10, maxSilenceMs: 40 } });
  await phone();
  await expect(relay.requests.atLeast(20, { where: asksForGiftWraps })).resolves.toHaveLength(20);
});

test.each([true, false])(
  'a relay that challenges when the connection opens is asked for what was missed once for each kind, when it knows us; withholding: %s',
  async (withhold) => {
    const auth = { kinds: [1059, 14], challengeOnConnect: true, withhold };
    const relay = keep(await RelayStandIn.start({ auth }));
    const { google, phone, server, woken } = await setScene({ relays: [relay] });
    await untilLine(server, relay, { authentication: 'accepted', recovering: [] });
    const [alice, bob] = [await phone(), await phone()];
    const before = await server.metric(COMPLETE);
    relay.store(eventFor([alice.tradePubkey]));
    relay.store(eventFor([bob.tradePubkey], { kind: 14 }));
    relay.disconnectAll();
    await google.pushes.atLeast(2);
    await untilLine(server, relay, { authentication: 'accepted', recovering: [] });
    await untilMetric(server, COMPLETE, before + 2);
    expect((await woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
    expect(await server.metric(COMPLETE)).toBe(before + 2);
  },
);
