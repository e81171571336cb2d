import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { isLiveRequest, untilLine } from '../support/relay-lines.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const INCOMPLETE = 'mostro_push_relay_recoveries_total{outcome="incomplete"}';
const closed = (kind: number): string =>
  `mostro_push_relay_subscriptions_closed_total{kind="${kind}",reason="error"}`;

type Frame = readonly unknown[];
type Wanted = 'live' | 'page';

function isRequest([type, , filter]: Frame, kind: number, wanted: Wanted): boolean {
  if (type !== 'REQ' || !(filter as { kinds: number[] }).kinds.includes(kind)) return false;
  return isLiveRequest([filter as object], kind) === (wanted === 'live');
}

/** The id of the n-th unanswered REQ, once it has come. */
async function heldRequest(relay: RelayStandIn, kind: number, wanted: Wanted, n = 1): Promise<string> {
  const where = (frame: Frame): boolean => isRequest(frame, kind, wanted);
  const held = await relay.heldFrames.atLeast(n, { where });
  return String(held[n - 1]?.[1]);
}

/** Answers the frames that were kept unanswered, and keeps the next ones unanswered. */
function answerHeld(relay: RelayStandIn): void {
  relay.resumeAnswers();
  relay.pauseAnswers();
}

/** Cuts the connection. On the next one the live subscription is answered, and the first page of the recovery is not. */
async function reconnect(relay: RelayStandIn, kind: number): Promise<void> {
  relay.pauseAnswers();
  relay.disconnectAll();
  await heldRequest(relay, kind, 'live');
  answerHeld(relay);
  await heldRequest(relay, kind, 'page');
}

function say(relay: RelayStandIn, ...message: Frame): void {
  relay.sendRaw(JSON.stringify(message));
}

test('an event wakes that was published while a live subscription was gone, which the relay had closed in the middle of a recovery', async () => {
  const { google, phone, relay, server } = await setScene({
    environment: { NOSTR_KINDS: '14' },
    relayTiming: { resubscribe: { baseMs: 1, maxMs: 1, minMs: 300 } },
  });
  const alice = await phone();
  await reconnect(relay, 14);
  relay.closeSubscriptions(14, 'error: worker restarted');
  await untilMetric(server, closed(14), 1);
  say(relay, 'EOSE', await heldRequest(relay, 14, 'page'));
  await heldRequest(relay, 14, 'live', 2);
  // Answers everything that was asked while no subscription was live: there were no events yet.
  for (const frame of relay.heldFrames.all) if (isRequest(frame, 14, 'page')) say(relay, 'EOSE', frame[1]);
  relay.store(eventFor([alice.tradePubkey], { kind: 14 }));
  relay.resumeAnswers();
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
});

test('an event wakes that was published while a live subscription was gone, which the relay had closed at the start, when no key was registered', async () => {
  const other = keep(await RelayStandIn.start());
  other.pauseAnswers();
  const relay = keep(await RelayStandIn.start());
  const environment = { NOSTR_RELAYS: `${relay.url},${other.url}` };
  const { google, phone, server } = await setScene({ relays: [relay], environment });
  const [first, second] = [await heldRequest(other, 14, 'live'), await heldRequest(other, 1059, 'live')];
  say(other, 'EOSE', first);
  say(other, 'CLOSED', first, 'error: worker restarted');
  say(other, 'EOSE', second);
  await untilMetric(server, closed(14), 1);
  await untilLine(server, other, { served: [1059] });
  const alice = await phone();
  await heldRequest(other, 14, 'live', 2);
  other.store(eventFor([alice.tradePubkey], { kind: 14 }));
  other.resumeAnswers();
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
});

test.skipIf(BEATS)(
  'an event wakes that was published while a live subscription was gone, though a recovery had absorbed it',
  async () => {
    const { google, phone, relay, server } = await setScene({ environment: { NOSTR_KINDS: '1059' } });
    const alice = await phone();
    relay.store(eventFor([alice.tradePubkey], { ageSeconds: 10 }));
    await reconnect(relay, 1059);
    answerHeld(relay);
    await google.pushes.atLeast(1);
    await heldRequest(relay, 1059, 'page', 2);
    relay.closeSubscriptions(1059, 'error: worker restarted');
    await untilMetric(server, closed(1059), 1);
    relay.store(eventFor([alice.tradePubkey], { ageSeconds: 3600 }));
    answerHeld(relay);
    await untilMetric(server, 'mostro_push_events_absorbed_total', 1);
    relay.resumeAnswers();
    const pushes = await google.pushes.atLeast(2);
    expect(pushes.map(({ token }) => token)).toEqual([alice.token, alice.token]);
  },
);

test.skipIf(BEATS)(
  'an event wakes that was published while a live subscription was gone, though it came before EOSE on a later connection, behind another that woke',
  async () => {
    const { google, phone, relay, server } = await setScene({ environment: { NOSTR_KINDS: '1059' } });
    const alice = await phone();
    relay.pauseAnswers();
    relay.disconnectAll();
    const id = await heldRequest(relay, 1059, 'live');
    const [first, second] = [eventFor([alice.tradePubkey]), eventFor([alice.tradePubkey])];
    for (const event of [first, second]) relay.store(event);
    say(relay, 'EVENT', id, first);
    await google.pushes.atLeast(1);
    say(relay, 'EVENT', id, second);
    await untilMetric(server, 'mostro_push_events_absorbed_total', 1);
    relay.resumeAnswers();
    const pushes = await google.pushes.atLeast(2);
    expect(pushes.map(({ token }) => token)).toEqual([alice.token, alice.token]);
  },
);

test.skipIf(BEATS)(
  'a renewal after a silence that the relay answers with CLOSED leaves the live subscription alone, and what was stored in the silence wakes',
  async () => {
    const { google, phone, relay, server } = await setScene({
      environment: { NOSTR_KINDS: '14' },
      relayTiming: { silenceMs: 300 },
    });
    const [alice, bob] = [await phone(), await phone()];
    relay.pauseAnswers();
    relay.store(eventFor([alice.tradePubkey], { kind: 14 }));
    say(relay, 'CLOSED', await heldRequest(relay, 14, 'live'), 'error: try again later');
    await heldRequest(relay, 14, 'page');
    relay.broadcast(eventFor([bob.tradePubkey], { kind: 14 }));
    const [live] = await google.pushes.atLeast(1);
    expect(live?.token).toBe(bob.token);
    expect(await server.metric(closed(14))).toBe(0);
    relay.resumeAnswers();
    await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  },
);

test.each([
  ['nine times in a row', 'rate-limited: slow down', 9],
  ['for good', 'restricted: not for you', 1],
])(
  'a gap whose pages are refused %s is asked for again later, wakes then, and is told once',
  async (_, reason, refusals) => {
    const { google, phone, relay, server } = await setScene({
      environment: { NOSTR_KINDS: '14' },
      relayTiming: { nextPage: { baseMs: 1, maxMs: 1 } },
    });
    const alice = await phone();
    relay.store(eventFor([alice.tradePubkey], { kind: 14 }));
    await reconnect(relay, 14);
    for (let n = 1; n <= 2 * refusals; n++)
      say(relay, 'CLOSED', await heldRequest(relay, 14, 'page', n), reason);
    await heldRequest(relay, 14, 'page', 2 * refusals + 1);
    expect(await server.metric(INCOMPLETE)).toBe(1);
    relay.resumeAnswers();
    const [push] = await google.pushes.atLeast(1);
    expect(push?.token).toBe(alice.token);
    await untilLine(server, relay, { recovering: [] });
  },
);
