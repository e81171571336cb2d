import { expect, test } from 'vitest';

import type { RelayOptions } from '../../stand-ins/relay-options.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { relayLines, untilLine } from '../support/relay-lines.ts';
import { setScene, type Scene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const MIB = 1024 * 1024;

/** A relay with these limits, which the server already follows. */
async function setLimitedScene(
  { max_subid_length = 5, ...others }: Readonly<Record<string, number>>,
  options: RelayOptions = {},
): Promise<Scene> {
  const information = { name: 'a relay', limitation: { max_subid_length, ...others } };
  const relay = keep(await RelayStandIn.start({ ...options, information }));
  const scene = await setScene({ relays: [relay] });
  // The limits hold from a later connection on. The length of the subscription ids shows when.
  while (relay.requests.all.at(-1)?.subscription.length !== max_subid_length) {
    const before = relay.requests.count;
    relay.disconnectAll();
    await relay.requests.atLeast(before + 2);
  }
  await untilLine(scene.server, relay, { served: [1059, 14], recovering: [] });
  return scene;
}

test('the limits that a relay names (NIP-11) are asked for once, however often the connection is lost', async () => {
  const { relay } = await setLimitedScene({});
  relay.disconnectAll();
  await relay.subscribed(14, 3);
  expect(relay.informationRequests).toBe(1);
});

test('the NIP-11 limit max_limit bounds every page of a recovery, and everything is found all the same', async () => {
  const { google, phone, relay } = await setLimitedScene({ max_limit: 3 }, { maxLimit: 3 });
  const phones = await Promise.all(Array.from({ length: 10 }, () => phone()));
  const before = relay.requests.count;
  relay.storeAll(
    phones.map(({ tradePubkey }, n) =>
      eventFor([tradePubkey], { kind: n % 2 === 0 ? 14 : 1059, ageSeconds: n }),
    ),
  );
  relay.disconnectAll();
  const pushes = await google.pushes.atLeast(10);
  expect(pushes.map(({ token }) => token).toSorted()).toEqual(phones.map(({ token }) => token).toSorted());
  const limits = relay.requests.all.slice(before).map(({ filters }) => filters[0]?.limit);
  expect(Math.max(...limits.map((limit) => limit ?? Infinity))).toBe(3);
});

test('a NIP-11 limit max_limit of 1 is enough to recover events of different seconds', async () => {
  const { google, phone, relay } = await setLimitedScene({ max_limit: 1 }, { maxLimit: 1 });
  const [alice, bob, carol] = [await phone(), await phone(), await phone()];
  [alice, bob, carol].forEach(({ tradePubkey }, n) =>
    relay.store(eventFor([tradePubkey], { ageSeconds: n })),
  );
  relay.disconnectAll();
  const pushes = await google.pushes.atLeast(3);
  expect(new Set(pushes.map(({ token }) => token)).size).toBe(3);
});

test('the NIP-11 limit max_subid_length bounds every subscription id, and one character is enough to tell them apart', async () => {
  const { google, phone, relay } = await setLimitedScene({ max_subid_length: 1 });
  const alice = await phone();
  relay.store(eventFor([alice.tradePubkey]));
  const before = relay.requests.count;
  relay.disconnectAll();
  await google.pushes.atLeast(1);
  const ids = relay.requests.all.slice(before).map(({ subscription }) => subscription);
  expect(ids.length).toBeGreaterThanOrEqual(4);
  for (const id of ids) expect(id).toHaveLength(1);
});

test('the NIP-11 limit max_message_length lets larger frames in, from the next connection on', async () => {
  const { phone, relay, woken } = await setLimitedScene({ max_message_length: 4 * MIB });
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey], { content: 'x'.repeat(3 * MIB) }));
  expect(await woken()).toEqual([alice.token]);
  expect(relay.clientCount).toBe(1);
});

test('a NIP-11 limit max_message_length beyond 4 MiB is not believed', async () => {
  const { phone, relay, server } = await setLimitedScene({ max_message_length: 1024 * MIB });
  const alice = await phone();
  const [line] = await relayLines(server);
  relay.broadcast(eventFor([alice.tradePubkey], { content: 'x'.repeat(4 * MIB) }));
  await untilLine(server, relay, { state: 'live', reconnects: (line?.reconnects ?? 0) + 1 });
});

test('a NIP-11 limit max_message_length below 1 MiB keeps nothing out', async () => {
  const { phone, relay, woken } = await setLimitedScene({ max_message_length: 1000 });
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey], { content: 'x'.repeat(MIB - 1000) }));
  expect(await woken()).toEqual([alice.token]);
});
