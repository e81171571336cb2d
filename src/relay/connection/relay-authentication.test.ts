import { verifyEvent, type Event } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { eventId } from '../../../test/support/events.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { NostrEvent } from '../../core/nostr/nostr-event.ts';
import { eventSigner } from '../../crypto/event-signer.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from '../../crypto/server-key.ts';
import { RelayAuthentication } from './relay-authentication.ts';
import { RelaySpelling } from './relay-spelling.ts';

const URL = 'wss://relay.example/path';
const KEY = parseServerKey(generatePrivateKey()) as ServerKey;

function setUp(): {
  authentication: RelayAuthentication;
  answers: NostrEvent[];
  clock: FakeClock;
  results: boolean[];
  spelling: RelaySpelling;
} {
  const answers: NostrEvent[] = [];
  const results: boolean[] = [];
  const clock = new FakeClock();
  const spelling = new RelaySpelling(URL);
  const authentication = new RelayAuthentication({
    spelling,
    signer: eventSigner(KEY),
    clock: clock.read,
    monotonic: clock.read,
    timeoutMs: 10_000,
    send: ([type, event]) => {
      if (type === 'AUTH') answers.push(JSON.parse(JSON.stringify(event)) as NostrEvent);
    },
    onResult: (accepted) => results.push(accepted),
  });
  return { authentication, answers, clock, results, spelling };
}

test('a challenge is answered as NIP-42 has it, signed with the server’s key', () => {
  const { authentication, answers, clock } = setUp();
  expect(authentication.onChallenge('the challenge')).toBe(true);
  expect(answers).toMatchObject([
    {
      kind: 22_242,
      pubkey: KEY.publicKeyHex.slice(2),
      created_at: clock.seconds,
      tags: [
        ['relay', URL],
        ['challenge', 'the challenge'],
      ],
      content: '',
    },
  ]);
  expect(verifyEvent(answers[0] as unknown as Event)).toBe(true);
});

test('a challenge leaves open what the relay thinks of us', () => {
  const { authentication } = setUp();
  const before = [authentication.state, authentication.isOver];
  authentication.onChallenge('a');
  expect([before, [authentication.state, authentication.isOver]]).toEqual([
    ['none', false],
    ['pending', false],
  ]);
});

test('a challenge is under way until the relay judges our answer, or has had the time to', () => {
  const [judged, ignored] = [setUp(), setUp()];
  const before = judged.authentication.isUnderWay;
  for (const { authentication } of [judged, ignored]) authentication.onChallenge('a');
  const during = [judged, ignored].map(({ authentication }) => authentication.isUnderWay);
  judged.authentication.onOk(judged.answers[0]?.id ?? '', true);
  ignored.clock.advance(10_000);
  const after = [judged, ignored].map(({ authentication }) => authentication.isUnderWay);
  expect([before, during, after]).toEqual([false, [true, true], [false, false]]);
});

test('a challenge is answered eight times on a connection and not once more', () => {
  const { authentication, answers } = setUp();
  const answered = Array.from({ length: 10 }, (_, n) => authentication.onChallenge(`${n}`));
  expect(answered).toEqual([...Array.from({ length: 8 }, () => true), false, false]);
  expect(answers).toHaveLength(8);
});

test('a challenge of more than 1024 characters is not answered, and costs no answer', () => {
  const { authentication, answers } = setUp();
  for (let n = 0; n < 20; n++) expect(authentication.onChallenge('x'.repeat(1025))).toBe(false);
  expect([authentication.state, answers.length]).toEqual(['none', 0]);
  expect(authentication.onChallenge('x'.repeat(1024))).toBe(true);
});

test.each([
  [true, 'accepted'],
  [false, 'refused'],
] as const)('the relay’s OK to our answer, %s, is its judgement: %s', (accepted, state) => {
  const { authentication, answers, results } = setUp();
  authentication.onChallenge('a');
  // A refusal is asked about once more, with the other spelling of the relay's URL.
  for (let n = 0; n < answers.length; n++)
    expect(authentication.onOk(answers[n]?.id ?? '', accepted)).toBe(true);
  expect([authentication.state, authentication.isOver, results]).toEqual([state, true, [accepted]]);
});

test('a refused answer is given once more with the other spelling of the relay’s URL, and later challenges get the spelling that was accepted', () => {
  const { authentication, answers, results } = setUp();
  authentication.onChallenge('a');
  authentication.onOk(answers[0]?.id ?? '', false);
  const between = [authentication.state, [...results]];
  authentication.onOk(answers[1]?.id ?? '', true);
  authentication.onChallenge('b');
  expect(answers.map(({ tags }) => tags.map(([, value]) => value))).toEqual([
    [URL, 'a'],
    [`${URL}/`, 'a'],
    [`${URL}/`, 'b'],
  ]);
  expect([between, results]).toEqual([['pending', []], [true]]);
});

test('a refused answer is given only once more on a connection, and the next connection begins with the URL as written', () => {
  const { authentication, answers, results, spelling } = setUp();
  authentication.onChallenge('a');
  for (let n = 0; n < answers.length && n < 10; n++) authentication.onOk(answers[n]?.id ?? '', false);
  expect([answers.length, results, spelling.url]).toEqual([2, [false], URL]);
});

test('the relay’s OK to something else judges nothing', () => {
  const { authentication, results } = setUp();
  const unasked = authentication.onOk(eventId(1), true);
  authentication.onChallenge('a');
  expect([unasked, authentication.onOk(eventId(1), true)]).toEqual([false, false]);
  expect([authentication.state, results]).toEqual(['pending', []]);
});

test('the relay’s OK counts once', () => {
  const { authentication, answers, results } = setUp();
  authentication.onChallenge('a');
  const said = [1, 2].map(() => authentication.onOk(answers[0]?.id ?? '', true));
  expect([said, results]).toEqual([[true, false], [true]]);
});

test('the relay’s OK to one answer of several decides nothing when it refuses, and all when it accepts', () => {
  const { authentication, answers, results } = setUp();
  for (const challenge of ['a', 'b']) authentication.onChallenge(challenge);
  expect(authentication.onOk(answers[0]?.id ?? '', false)).toBe(true);
  expect(results).toEqual([]);
  expect(authentication.onOk(answers[1]?.id ?? '', true)).toBe(true);
  expect(results).toEqual([true]);
});
