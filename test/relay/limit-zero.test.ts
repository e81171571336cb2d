import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { LimitZero } from '../../stand-ins/relay-options.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import { registeredPhone, setScene, type Scene } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const HOUR_MS = 3_600_000;
/** No subscription becomes live in this test because the time for EOSE has passed. */
const relayTiming = { eoseTimeoutMs: HOUR_MS, limitZeroTimeoutMs: 50 };
const WAYS: readonly LimitZero[] = ['no eose', 'closed', 'notice'];

/** The limits of all REQs for a kind, in order. */
function limits({ relay }: Scene, kind: number): unknown[] {
  return relay.requests.all
    .map(({ filters: [filter] }) => filter)
    .filter((filter) => filter?.kinds?.includes(kind))
    .map((filter) => filter?.limit);
}

async function setSceneWhere(limitZero: LimitZero): Promise<Scene> {
  const relay = keep(await RelayStandIn.start({ limitZero }));
  const scene = await setScene({ relays: [relay], relayTiming });
  await untilLine(scene.server, relay, { served: [1059, 14], restricted: [] });
  return scene;
}

test.each(WAYS)(
  'a relay that answers limit 0 by "%s" is asked with limit 0 first and then with limit 1, and its live events wake',
  async (limitZero) => {
    const scene = await setSceneWhere(limitZero);
    const alice = await scene.phone();
    for (const kind of [1059, 14]) expect(limits(scene, kind)).toEqual([0, 1]);
    scene.relay.broadcast(eventFor([alice.tradePubkey]));
    expect(await scene.woken()).toEqual([alice.token]);
  },
);

test.each(WAYS)(
  'a relay that answers limit 0 by "%s" is asked with limit 1 at once on the next connection, and what it stored meanwhile wakes',
  async (limitZero) => {
    const scene = await setSceneWhere(limitZero);
    const { google, phone, relay, server } = scene;
    const [alice, bob] = [await phone(), await phone()];
    relay.store(eventFor([alice.tradePubkey]));
    relay.store(eventFor([bob.tradePubkey], { kind: 14 }));
    relay.disconnectAll();
    await google.pushes.atLeast(2);
    await untilLine(server, relay, { served: [1059, 14], recovering: [] });
    for (const kind of [1059, 14]) expect(limits(scene, kind).slice(0, 3)).toEqual([0, 1, 1]);
    expect((await scene.woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
  },
);

test('a relay that answers limit 0 with EOSE is never asked with limit 1', async () => {
  const scene = await setScene({ relayTiming });
  scene.relay.disconnectAll();
  await Promise.all([scene.relay.subscribed(1059, 2), scene.relay.subscribed(14, 2)]);
  for (const kind of [1059, 14]) expect(limits(scene, kind)).toEqual([0, 0]);
});

test('a relay that never sends EOSE has one subscription for each kind when the time for EOSE has passed', async () => {
  const relay = keep(await RelayStandIn.start({ silentEose: true }));
  const timing = { limitZeroTimeoutMs: 20, eoseTimeoutMs: 200 };
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url };
  const server = keep(await startTestServer({ google, environment, relayTiming: timing }));
  const restricted = [1059, 14].map((kind) => ({ kind, reason: 'unconfirmed' }));
  await untilLine(server, relay, { state: 'live', restricted });
  const alice = await registeredPhone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await google.pushes.atLeast(1)).toMatchObject([{ token: alice.token }]);
  expect(relay.requests.all).toHaveLength(4);
  expect(relay.closes.all).toHaveLength(2);
});
