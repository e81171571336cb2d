import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { discovered, relayList, setDiscoveryScene } from '../support/discovery-scene.ts';
import { keep } from '../support/keep.ts';
import { isLiveRequest, untilLine } from '../support/relay-lines.ts';
import { setScene, type Scene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

interface ManualScene extends Scene {
  /** A relay whose answers the test sends by hand. */
  readonly other: RelayStandIn;
  readonly say: (...message: unknown[]) => void;
  /** The ids of the REQs for gift wraps, once this many have come. */
  readonly asked: (times: number) => Promise<unknown[]>;
  /** Sends challenges. @returns the ids of the answers to them */
  readonly challenge: (...challenges: string[]) => Promise<unknown[]>;
}

const isRequest = ([, , filter]: readonly unknown[]): boolean => isLiveRequest([filter as object], 1059);
const isAnswer = ([type]: readonly unknown[]): boolean => type === 'AUTH';

async function setManualScene(): Promise<ManualScene> {
  const [relay, other] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  other.pauseAnswers();
  const environment = { NOSTR_RELAYS: `${relay.url},${other.url}`, NOSTR_KINDS: '1059' };
  const never = { baseMs: 1, maxMs: 1, minMs: 3_600_000 };
  const relayTiming = { refused: never, authenticationTimeoutMs: 1000, eoseTimeoutMs: 60_000 };
  const scene = await setScene({ relays: [relay], environment, relayTiming });
  const say = (...message: unknown[]): void => other.sendRaw(JSON.stringify(message));
  return {
    ...scene,
    other,
    say,
    async asked(times) {
      const frames = await other.heldFrames.atLeast(times, { where: isRequest });
      return frames.map(([, id]) => id);
    },
    async challenge(...challenges) {
      for (const one of challenges) say('AUTH', one);
      const frames = await other.heldFrames.atLeast(challenges.length, { where: isAnswer });
      return frames.map(([, event]) => (event as { id: string }).id);
    },
  };
}

test('what was asked as a stranger is asked again after authentication where the relay refuses it only after it has accepted us', async () => {
  const { asked, challenge, say } = await setManualScene();
  const [id] = await asked(1);
  const [answer] = await challenge('who are you?');
  say('OK', answer, true, '');
  say('CLOSED', id, 'auth-required: not for strangers');
  await asked(2);
});

test('what was asked as a stranger is asked again after authentication where the relay answers it, as to a stranger, only after it has accepted us', async () => {
  const { asked, challenge, say } = await setManualScene();
  const [id] = await asked(1);
  const [answer] = await challenge('who are you?');
  say('OK', answer, true, '');
  say('EOSE', id);
  await asked(2);
});

test('what was asked as a stranger is asked again after authentication where the relay asked twice and accepts the first answer alone', async () => {
  const { asked, challenge, say } = await setManualScene();
  const [id] = await asked(1);
  say('CLOSED', id, 'auth-required: not for strangers');
  const [first, second] = await challenge('who are you?', 'who are you, please?');
  say('OK', first, true, '');
  say('OK', second, false, 'error: already authenticated');
  await asked(2);
});

test('a relay that asks anew who we are every hour is answered every time: eight answers are enough at once, not for weeks', async () => {
  let hours = 0;
  const { relay } = await setScene({ clock: () => Date.now() + hours * 3_600_000 });
  for (hours = 1; hours <= 9; hours++) {
    relay.sendRaw(JSON.stringify(['AUTH', `challenge ${hours}`]));
    await relay.auths.atLeast(hours);
  }
});

test('a relay that is discovered late has its gap recovered for gift wraps too', async () => {
  const { google, mostro, other, phone, relay } = await setDiscoveryScene();
  const alice = await phone();
  other.store(mostro.giftWrap(alice.tradePubkey));
  relay.broadcast(relayList(mostro, 1, [other.url]));
  await google.pushes.atLeast(1);
});

test('a relay that is discovered again has its gap recovered for gift wraps too', async () => {
  const { google, mostro, other, phone, relay, server } = await setDiscoveryScene();
  const alice = await phone();
  relay.broadcast(relayList(mostro, 1, [other.url]));
  await untilLine(server, other, { state: 'live', served: [1059, 14], recovering: [] });
  relay.broadcast(relayList(mostro, 2));
  await expect.poll(() => other.clientCount).toBe(0);
  other.store(mostro.giftWrap(alice.tradePubkey));
  relay.broadcast(relayList(mostro, 3, [other.url]));
  await google.pushes.atLeast(1);
});

test('a relay that is discovered is followed no longer than the list that names it is valid (NIP-40)', async () => {
  let offset = 0;
  const scene = await setDiscoveryScene({ clock: () => Date.now() + offset });
  const { mostro, other, relay, server } = scene;
  const expiration = ['expiration', String(Math.floor(Date.now() / 1000) + 100)];
  const { secretKey } = mostro;
  relay.broadcast(eventFor([], { kind: 10_002, tags: [['r', other.url], expiration], secretKey }));
  await untilLine(server, other, { state: 'live' });
  offset = 200_000;
  await expect.poll(() => discovered(scene)).toEqual([]);
});

test('a relay is discovered by a list that came after another relay had dropped our subscriptions without a word', async () => {
  const { mostro, other, relay } = await setDiscoveryScene({ relayTiming: { silenceMs: 100 } });
  relay.dropSubscriptionsSilently();
  relay.store(relayList(mostro, 1, [other.url]));
  await other.requests.atLeast(1);
});

test('nobody is told of a fault that is none when there are twelve relays: by no warning of the runtime', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  const relays = await Promise.all(Array.from({ length: 12 }, async () => keep(await RelayStandIn.start())));
  await setScene({ relays }).finally(() => process.off('warning', note));
  expect(warnings).toEqual([]);
});

test('nobody is told of a fault that is none when EOSE comes later than its time: by no count of rubbish', async () => {
  const [relay, late] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  late.pauseAnswers();
  const environment = { NOSTR_RELAYS: `${relay.url},${late.url}` };
  const scene = await setScene({ relays: [relay], environment, relayTiming: { eoseTimeoutMs: 50 } });
  const restricted = [1059, 14].map((kind) => ({ kind, reason: 'unconfirmed' }));
  await untilLine(scene.server, late, { state: 'live', restricted });
  late.resumeAnswers();
  const alice = await scene.phone();
  late.broadcast(eventFor([alice.tradePubkey]));
  await scene.google.pushes.atLeast(1);
  const rubbish = 'mostro_push_relay_frames_rejected_total{reason="not_asked_for"}';
  expect(await scene.server.metric(rubbish)).toBe(0);
});
