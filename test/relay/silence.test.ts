import { expect, test } from 'vitest';

import type { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { isLiveRequest, liveRequests, untilLine } from '../support/relay-lines.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

/** The live subscriptions to a kind that are open at the relay. */
function openSubscriptions(relay: RelayStandIn, kind: number): string[] {
  return liveRequests(relay, kind)
    .map(({ subscription }) => subscription)
    .filter((id) => !relay.closes.all.includes(id));
}

/** Resolves when this many REQs for the live events of a kind have come. */
async function asked(relay: RelayStandIn, kind: number, times: number): Promise<void> {
  await relay.requests.atLeast(times, { where: ({ filters }) => isLiveRequest(filters, kind) });
}

/** Whether a frame is a REQ for the live events of a kind. */
function asksFor([, , filter]: readonly unknown[], kind: number): boolean {
  return isLiveRequest([filter as object], kind);
}

// Not of too many subscriptions: the server would learn from that how many the relay allows.
const notice = JSON.stringify(['NOTICE', 'ERROR: a subscription was dropped']);

test.each([1059, 14])(
  'a relay that drops our subscriptions without a word is found out by its silence, and the kind %i that it stored wakes, once',
  async (kind) => {
    // Long enough that no page of an earlier silence is under way, and dropped with the subscriptions, on a busy machine.
    const { google, phone, relay, woken } = await setScene({ relayTiming: { silenceMs: 500 } });
    const alice = await phone();
    relay.dropSubscriptionsSilently();
    const missed = eventFor([alice.tradePubkey], { kind });
    relay.store(missed);
    await google.pushes.atLeast(1);
    await Promise.all([asked(relay, 1059, 3), asked(relay, 14, 3)]);
    relay.broadcast(missed);
    expect(await woken()).toEqual([alice.token]);
    expect(relay.clientCount).toBe(1);
  },
);

test('a relay that drops our subscriptions without a word and sends events again from then on: live ones wake without another silence', async () => {
  const { phone, relay, woken } = await setScene({ relayTiming: { silenceMs: 100 } });
  const alice = await phone();
  relay.dropSubscriptionsSilently();
  await Promise.all([asked(relay, 1059, 2), asked(relay, 14, 2)]);
  await expect.poll(() => relay.liveSubscription(1059)).toBeDefined();
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});

test('a relay that drops the subscription to one kind without a word is found out: the events of the other kind do not hide it', async () => {
  // Long enough that events of kind 14 keep coming in time on a busy machine.
  const { google, phone, relay } = await setScene({ relayTiming: { silenceMs: 1000 } });
  const [alice, bob] = [await phone(), await phone()];
  const id = relay.liveSubscription(14);
  relay.dropSubscriptionsSilently();
  relay.store(eventFor([alice.tradePubkey]));
  // The stand-in has forgotten both subscriptions. For kind 14 the test sends frames by hand.
  const chatting = setInterval(
    () => relay.sendRaw(JSON.stringify(['EVENT', id, eventFor([bob.tradePubkey], { kind: 14 })])),
    20,
  );
  try {
    await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  } finally {
    clearInterval(chatting);
  }
  expect(liveRequests(relay, 14)).toHaveLength(1);
});

test('a NOTICE that meant the end of a subscription is followed up, and what was stored wakes', async () => {
  const { google, phone, relay, server } = await setScene({ relayTiming: { silenceAfterNoticeMs: 50 } });
  const alice = await phone();
  relay.dropSubscriptionsSilently();
  relay.store(eventFor([alice.tradePubkey]));
  relay.sendRaw(notice);
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
  await untilLine(server, relay, { served: [1059, 14], recovering: [] });
});

test('a NOTICE after which events still come costs one question, and those that follow it none', async () => {
  const { phone, relay, woken } = await setScene({ relayTiming: { silenceAfterNoticeMs: 50 } });
  const alice = await phone();
  // Not of subscriptions: while a REQ waits for its answer, the server would learn from that how many the relay allows.
  const advice = JSON.stringify(['NOTICE', 'slow down']);
  for (let n = 0; n < 20; n++) relay.sendRaw(advice);
  await Promise.all([asked(relay, 1059, 2), asked(relay, 14, 2)]);
  for (let n = 0; n < 20; n++) relay.sendRaw(advice);
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  expect(liveRequests(relay, 1059)).toHaveLength(2);
  for (const kind of [1059, 14]) await expect.poll(() => openSubscriptions(relay, kind)).toHaveLength(1);
});

test('a relay that is merely quiet is asked again on the same connection, keeps one subscription for each kind, and wakes no device twice', async () => {
  const { google, phone, relay, server, woken } = await setScene({ relayTiming: { silenceMs: 100 } });
  const alice = await phone();
  const events = [1059, 14].map((kind) => eventFor([alice.tradePubkey], { kind }));
  for (const event of events) {
    relay.store(event);
    relay.broadcast(event);
  }
  await google.pushes.atLeast(2);
  await Promise.all([asked(relay, 1059, 6), asked(relay, 14, 6)]);
  expect(await woken()).toEqual([alice.token, alice.token]);
  for (const kind of [1059, 14]) await expect.poll(() => openSubscriptions(relay, kind)).toHaveLength(1);
  await untilLine(server, relay, { state: 'live', served: [1059, 14], reconnects: 0 });
  expect(relay.clientCount).toBe(1);
});

test('a relay that is merely quiet is not asked again before its time, nor is anything stored asked for', async () => {
  const { phone, relay, woken } = await setScene();
  await phone();
  expect(await woken()).toEqual([]);
  expect(relay.requests.all.map(({ filters }) => filters[0]?.limit)).toEqual([0, 0]);
});

test('a relay that is merely quiet and answers the question late misses nothing: the old subscription stays until the new one is live', async () => {
  const { phone, relay, woken } = await setScene({ relayTiming: { silenceMs: 100 } });
  const alice = await phone();
  relay.pauseAnswers();
  for (const kind of [1059, 14])
    await relay.heldFrames.atLeast(1, { where: (frame) => asksFor(frame, kind) });
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
  relay.resumeAnswers();
  for (const kind of [1059, 14]) await expect.poll(() => openSubscriptions(relay, kind)).toHaveLength(1);
  expect(await woken()).toEqual([alice.token]);
});

test('a relay that is merely quiet is not asked the same twice at a time, however long the answer takes', async () => {
  const { phone, relay, woken } = await setScene({ relayTiming: { silenceMs: 5 } });
  await phone();
  relay.pauseAnswers();
  for (const kind of [1059, 14])
    await relay.heldFrames.atLeast(1, { where: (frame) => asksFor(frame, kind) });
  for (let n = 0; n < 5; n++) expect(await woken()).toEqual([]);
  for (const kind of [1059, 14])
    expect(relay.heldFrames.all.filter((frame) => asksFor(frame, kind))).toHaveLength(1);
});
