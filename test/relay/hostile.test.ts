import { generateSecretKey, getPublicKey, type NostrEvent } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { eventFor, flipped } from '../support/wire-events.ts';

const rejected = (reason: string): string => `mostro_push_relay_frames_rejected_total{reason="${reason}"}`;
const strangers = (count: number): string[] =>
  Array.from({ length: count }, () => getPublicKey(generateSecretKey()));

/** An event as text in which one member appears twice, first with another value. */
const twice = (event: NostrEvent, member: string, first: unknown): string =>
  `{"${member}":${JSON.stringify(first)},${JSON.stringify(event).slice(1)}`;

interface HostileScene extends Scene {
  readonly hostile: RelayStandIn;
  readonly honest: RelayStandIn;
  /** Sends an event on the hostile relay's live subscription to a kind, as this text. */
  readonly sendAs: (kind: number, event: string) => void;
  /** Checks that an event from each of the two relays still wakes. */
  readonly expectUnharmed: () => Promise<void>;
}

async function setHostileScene(): Promise<HostileScene> {
  const [hostile, honest] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const scene = await setScene({ relays: [hostile, honest] });
  return {
    ...scene,
    hostile,
    honest,
    sendAs: (kind, event) =>
      hostile.sendRaw(`["EVENT",${JSON.stringify(hostile.liveSubscription(kind))},${event}]`),
    async expectUnharmed() {
      const [alice, bob] = [await scene.phone(), await scene.phone()];
      honest.broadcast(eventFor([alice.tradePubkey]));
      hostile.broadcast(eventFor([bob.tradePubkey]));
      expect((await scene.woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
    },
  };
}

test.each([
  ['nothing', '', 'not_json'],
  ['no JSON', 'rubbish', 'not_json'],
  ['half an event', '["EVENT","wake",{"id":"', 'not_json'],
  ['a number', '42', 'not_nip01'],
  ['null', 'null', 'not_nip01'],
  ['an object', '{"EVENT":1}', 'not_nip01'],
  ['an empty array', '[]', 'not_nip01'],
  ['an unknown type', '["SURPRISE","x"]', 'not_nip01'],
  ['a type that is no string', '[["EVENT"],"x"]', 'not_nip01'],
  ['a type from a prototype', '["__proto__","constructor"]', 'not_nip01'],
  ['an EOSE without a subscription', '["EOSE"]', 'not_nip01'],
  ['an EOSE for a subscription that is not ours', '["EOSE","somebody-else"]', 'not_asked_for'],
  ['a CLOSED for a subscription that is not ours', '["CLOSED","somebody-else","error: x"]', 'not_asked_for'],
  ['100 000 open brackets', '['.repeat(100_000), 'not_json'],
  ['100 000 nested arrays', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'not_nip01'],
  ['100 000 nested objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'not_nip01'],
])(
  'a frame that makes no sense is dropped and counted, and both relays go on: %s',
  async (_name, frame, reason) => {
    const { hostile, server, expectUnharmed } = await setHostileScene();
    hostile.sendRaw(frame);
    await untilMetric(server, rejected(reason), 1);
    await expectUnharmed();
    expect(hostile.requests.count).toBe(2);
  },
);

test('a frame that makes no sense is dropped and counted, and both relays go on: a binary frame, even of a genuine event', async () => {
  const { hostile, server, phone, woken, expectUnharmed } = await setHostileScene();
  const event = eventFor([(await phone()).tradePubkey]);
  const frame = JSON.stringify(['EVENT', hostile.liveSubscription(1059), event]);
  hostile.sendRaw(Buffer.from(frame), { binary: true });
  await untilMetric(server, rejected('binary'), 1);
  expect(await woken()).toEqual([]);
  await expectUnharmed();
});

test('a frame that makes no sense is dropped and counted, and both relays go on: an event for a subscription that does not exist, or of another kind than its subscription', async () => {
  const { hostile, server, phone, woken, sendAs, expectUnharmed } = await setHostileScene();
  const { tradePubkey } = await phone();
  hostile.sendRaw(JSON.stringify(['EVENT', 'nobody', eventFor([tradePubkey])]));
  sendAs(1059, JSON.stringify(eventFor([tradePubkey], { kind: 14 })));
  sendAs(14, JSON.stringify(eventFor([tradePubkey], { kind: 1 })));
  await untilMetric(server, rejected('not_asked_for'), 3);
  expect(await woken()).toEqual([]);
  await expectUnharmed();
});

test('a frame that makes no sense is dropped and counted, and both relays go on: an event whose members are missing, of another type, or deeply nested', async () => {
  const { server, phone, woken, sendAs, expectUnharmed } = await setHostileScene();
  const event = eventFor([(await phone()).tradePubkey]);
  const nested = JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`) as unknown;
  for (const member of ['id', 'pubkey', 'created_at', 'kind', 'tags', 'content', 'sig']) {
    sendAs(1059, JSON.stringify({ ...event, [member]: undefined }));
    sendAs(1059, JSON.stringify({ ...event, [member]: null }));
    sendAs(1059, JSON.stringify({ ...event, [member]: nested }));
  }
  sendAs(1059, JSON.stringify({ ...event, tags: [...event.tags, [1, 2]] }));
  sendAs(1059, JSON.stringify({ ...event, id: event.id.toUpperCase() }));
  await expectUnharmed();
  expect(await woken()).toHaveLength(2);
  expect(await server.metric('mostro_push_wakes_queued_total{provider="fcm"}')).toBe(6);
});

test('an event with 10 000 p tags wakes no device and is counted', async () => {
  const { server, phone, woken, sendAs, expectUnharmed } = await setHostileScene();
  const { tradePubkey } = await phone();
  const many = Array.from({ length: 9999 }, (_, n) => n.toString(16).padStart(64, '0'));
  sendAs(1059, JSON.stringify(eventFor([tradePubkey, ...many])));
  expect(await woken()).toEqual([]);
  expect(await server.metric('mostro_push_events_rejected_total{reason="crowded"}')).toBe(1);
  await expectUnharmed();
});

test('an event with 10 000 p tags that name no keys, or with thousands of empty tags, wakes no other device', async () => {
  const { server, sendAs, expectUnharmed } = await setHostileScene();
  const event = eventFor(strangers(1));
  sendAs(1059, JSON.stringify({ ...event, tags: Array.from({ length: 10_000 }, () => ['p', 'nobody']) }));
  sendAs(1059, JSON.stringify({ ...event, tags: Array.from({ length: 10_000 }, () => []) }));
  await untilMetric(server, 'mostro_push_events_unmatched_total', 2);
  await expectUnharmed();
});

test('a frame of 10 MB costs its own connection alone, and the relay is back by itself', async () => {
  const { hostile, honest, expectUnharmed } = await setHostileScene();
  hostile.sendRaw('x'.repeat(10_000_000));
  await Promise.all([hostile.subscribed(1059, 2), hostile.subscribed(14, 2)]);
  await expectUnharmed();
  expect(honest.requests.count).toBe(2);
});

test('an event that says things twice is what its last words say: forged last words wake no device, whatever stood first', async () => {
  const { phone, woken, sendAs, expectUnharmed } = await setHostileScene();
  const genuine = eventFor([(await phone()).tradePubkey]);
  for (const member of ['id', 'pubkey', 'sig', 'content'] as const)
    sendAs(1059, twice(flipped(genuine, member), member, genuine[member]));
  expect(await woken()).toEqual([]);
  await expectUnharmed();
});

test('an event that says things twice cannot carry a registered key past the signature', async () => {
  const { phone, woken, sendAs, expectUnharmed } = await setHostileScene();
  const { tradePubkey } = await phone();
  const strangersEvent = eventFor(strangers(1));
  sendAs(1059, twice(strangersEvent, 'tags', [['p', tradePubkey]]));
  sendAs(1059, twice({ ...strangersEvent, tags: [['p', tradePubkey]] }, 'tags', strangersEvent.tags));
  expect(await woken()).toEqual([]);
  await expectUnharmed();
});
