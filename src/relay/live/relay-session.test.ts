import { expect, test } from 'vitest';

import { unsignedEvent } from '../../../test/support/events.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import { RelaySession } from './relay-session.ts';
import type { SubscriptionListener } from './subscription.ts';

const FILTER = { kinds: [1059], limit: 0 };

interface Setting {
  readonly maxSubscriptionId?: number;
  /** Whether EOSE is still to come, and an event was asked for. */
  readonly expected?: boolean;
}

function setUp({ maxSubscriptionId, expected = true }: Setting = {}) {
  const sent: (readonly unknown[])[] = [];
  const heard: unknown[] = [];
  const misconduct: string[] = [];
  const telemetry = new FakeTelemetry();
  const judges: Pick<RelayAuthentication, 'onChallenge' | 'onOk'> = {
    onChallenge: (challenge) => challenge === 'ours',
    onOk: (id) => id === 'ours',
  };
  const session = new RelaySession({
    relay: 'relay.example',
    conduct: { note: (what: string) => misconduct.push(what) } as unknown as RelayConduct,
    authentication: judges as RelayAuthentication,
    telemetry,
    send: (message) => sent.push(message),
    onNotice: () => heard.push('NOTICE'),
    maxSubscriptionId,
    arrangement: 'apart',
    onTooMany: (places) => heard.push(['TOO MANY', places]),
  });
  const listener: SubscriptionListener = {
    onEvent: ({ id }) => heard.push(['EVENT', id]) > 0 && expected,
    onEose: () => heard.push('EOSE') > 0 && expected,
    onClosed: (reason) => void heard.push(['CLOSED', reason]),
  };
  const receive = (...message: readonly unknown[]): void =>
    session.receive(Buffer.from(JSON.stringify(message)), false);
  const subscribe = (): string => session.subscribe(FILTER, listener, 'live');
  return { session, subscribe, receive, sent, heard, misconduct, telemetry };
}

test('a subscription is asked for with its filter, under an id of 16 characters', () => {
  const { subscribe, sent } = setUp();
  const id = subscribe();
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(sent).toEqual([['REQ', id, FILTER]]);
});

test.each([
  [1, 1],
  [8, 8],
  [64, 16],
])('a subscription has an id no longer than the relay takes: %i', (maxSubscriptionId, length) => {
  expect(setUp({ maxSubscriptionId }).subscribe()).toHaveLength(length);
});

test('a subscription has an id that no other open one has, however short ids must be', () => {
  const { subscribe } = setUp({ maxSubscriptionId: 1 });
  expect(new Set(Array.from({ length: 16 }, subscribe)).size).toBe(16);
});

test('a subscription is told its events, its EOSE and its end', () => {
  const { subscribe, receive, heard, misconduct } = setUp();
  const id = subscribe();
  const event = unsignedEvent();
  receive('EVENT', id, event);
  receive('EOSE', id);
  receive('CLOSED', id, 'restricted: no');
  expect(heard).toEqual([['EVENT', event.id], 'EOSE', ['CLOSED', 'restricted']]);
  expect(misconduct).toEqual([]);
});

test('a subscription is told nothing of another', () => {
  const { session, subscribe, receive, heard } = setUp();
  const other: unknown[] = [];
  const id = session.subscribe(
    FILTER,
    {
      onEvent: () => other.push('EVENT') > 0,
      onEose: () => other.push('EOSE') > 0,
      onClosed: () => void other.push('CLOSED'),
    },
    'live',
  );
  subscribe();
  receive('EOSE', id);
  expect([heard, other]).toEqual([[], ['EOSE']]);
});

test('a subscription is closed at the relay once, and at its own word not again', () => {
  const { session, subscribe, receive, sent } = setUp();
  const [ours, theirs] = [subscribe(), subscribe()];
  receive('CLOSED', theirs, '');
  for (const id of [ours, ours, theirs]) session.unsubscribe(id);
  expect(sent.slice(2)).toEqual([['CLOSE', ours]]);
});

test.each(['by us', 'by the relay'])(
  'messages that were under way when a subscription was closed are no rubbish, and nobody is told: %s',
  (by) => {
    const { session, subscribe, receive, heard, misconduct } = setUp();
    const id = subscribe();
    if (by === 'by us') session.unsubscribe(id);
    else receive('CLOSED', id, '');
    heard.length = 0;
    for (const rest of [
      ['EVENT', id, unsignedEvent()],
      ['EOSE', id],
      ['CLOSED', id, ''],
    ])
      receive(...rest);
    expect([heard, misconduct]).toEqual([[], []]);
  },
);

test('for a closed subscription the third end is rubbish: it was not under way', () => {
  const { session, subscribe, receive, misconduct } = setUp();
  const id = subscribe();
  session.unsubscribe(id);
  for (let n = 0; n < 5; n++) receive(n % 2 === 0 ? 'EOSE' : 'CLOSED', id, '');
  expect(misconduct).toEqual(['rubbish', 'rubbish', 'rubbish']);
});

test('messages that were under way are known for the last 32 closed subscriptions', () => {
  const { session, subscribe, receive, misconduct } = setUp();
  const ids = Array.from({ length: 33 }, subscribe);
  for (const id of ids) session.unsubscribe(id);
  receive('EOSE', ids[1]);
  expect(misconduct).toEqual([]);
  receive('EOSE', ids[0]);
  expect(misconduct).toEqual(['rubbish']);
});

test.each([
  ['an event', ['EVENT', 'unknown', unsignedEvent()]],
  ['an EOSE', ['EOSE', 'unknown']],
  ['a CLOSED', ['CLOSED', 'unknown', '']],
  ['an OK', ['OK', 'somebody else’s', true, '']],
  ['a challenge that is not answered', ['AUTH', 'too many']],
])('what nobody asked for is rubbish, and counted %s', (_, message) => {
  const { subscribe, receive, heard, misconduct, telemetry } = setUp();
  subscribe();
  receive(...message);
  expect([heard, misconduct]).toEqual([[], ['rubbish']]);
  expect(telemetry.total('relay_frames_rejected', 'not_asked_for')).toBe(1);
});

test.each(['EVENT', 'EOSE'])(
  'what nobody asked for is rubbish, and counted an %s of a subscription that says so, as a second EOSE',
  (type) => {
    const { subscribe, receive, misconduct } = setUp({ expected: false });
    receive(type, subscribe(), unsignedEvent());
    expect(misconduct).toEqual(['rubbish']);
  },
);

test.each([
  ['binary', Buffer.from('["NOTICE","x"]'), true],
  ['not_json', Buffer.from('{'), false],
  ['not_nip01', Buffer.from('["COUNT","x",{}]'), false],
])('what nobody asked for is rubbish, and counted a frame that is %s', (reason, bytes, isBinary) => {
  const { session, misconduct, telemetry } = setUp();
  session.receive(bytes, isBinary);
  expect(misconduct).toEqual(['rubbish']);
  expect(telemetry.total('relay_frames_rejected', reason)).toBe(1);
});

test.each([
  ['told to its subscription', (id: string) => `["EVENT","${id}",{"id":"`, ['too long']],
  ['told to nobody where its subscription did not come with the header', () => '["EVENT","', []],
])('an event that was left out because it was too long is counted and no rubbish; %s', (_, head, told) => {
  const { session, misconduct, telemetry } = setUp();
  const heard: string[] = [];
  const id = session.subscribe(
    FILTER,
    {
      onEvent: () => true,
      onEose: () => true,
      onClosed: () => undefined,
      onTooLong: () => heard.push('too long'),
    },
    'live',
  );
  session.onTooLong(Buffer.from(head(id)));
  expect([heard, misconduct, telemetry.total('relay_frames_rejected', 'too_long')]).toEqual([told, [], 1]);
});

test('in a session, a challenge and the OK to our answer go to authentication', () => {
  const { receive, misconduct } = setUp();
  receive('AUTH', 'ours');
  receive('OK', 'ours', true, '');
  expect(misconduct).toEqual([]);
});

test('in a session, a NOTICE is passed on as that alone, and is chatter', () => {
  const { receive, heard, misconduct, telemetry } = setUp();
  receive('NOTICE', 'a secret');
  expect([heard, misconduct]).toEqual([['NOTICE'], ['chatter']]);
  expect(telemetry.logged('relay.notice')).toEqual([{ relay: 'relay.example' }]);
});

test('whether a relay sends EOSE at all is known from the first one of a subscription on', () => {
  const { session, subscribe, receive } = setUp();
  const id = subscribe();
  receive('EOSE', 'unknown');
  const before = session.sendsEose;
  receive('EOSE', id);
  expect([before, session.sendsEose]).toEqual([false, true]);
});

test.each([
  'error: too many subscriptions',
  'rate-limited: too many REQs',
  'blocked: maximum concurrent subscriptions reached',
])('a relay that closes the third subscription with "%s" allows two', (text) => {
  const { heard, receive, subscribe } = setUp();
  const ids = [subscribe(), subscribe(), subscribe()];
  receive('CLOSED', ids[2], text);
  expect(heard[0]).toEqual(['TOO MANY', 2]);
});

test.each(['ERROR: too many concurrent REQs', 'Too many subscriptions', 'subscription limit exceeded'])(
  'a relay that answers the second subscription by the notice "%s" allows one',
  (text) => {
    const { heard, receive, subscribe } = setUp();
    subscribe();
    subscribe();
    receive('NOTICE', text);
    expect(heard).toEqual([['TOO MANY', 1], 'NOTICE']);
  },
);

test.each([
  'rate-limited: too many requests',
  'error: too many filters',
  'restricted: subscribe to our newsletter',
])('a CLOSED with "%s" says nothing about the number of subscriptions', (text) => {
  const { heard, receive, subscribe } = setUp();
  receive('CLOSED', subscribe(), text);
  expect(heard).toHaveLength(1);
});

test('a relay that closes a live subscription during each of two pages has no place for a page', () => {
  const { heard, receive, session, subscribe } = setUp();
  const listener = { onEvent: () => true, onEose: () => true, onClosed: () => undefined };
  const live = [subscribe(), subscribe(), subscribe()];
  for (const id of live.slice(0, 2)) {
    const page = session.subscribe({ kinds: [14], since: 0, limit: 1 }, listener, 'page');
    receive('CLOSED', id, 'error: replaced');
    session.unsubscribe(page);
  }
  expect(heard).toEqual([
    ['CLOSED', 'error'],
    ['TOO MANY', 2],
    ['CLOSED', 'error'],
  ]);
});

test('a notice about too many subscriptions is about the one whose EOSE came last, as strfry has it, unless that one is closed', () => {
  const { heard, receive, session, subscribe } = setUp();
  receive('EOSE', subscribe());
  const second = subscribe();
  receive('EOSE', second);
  receive('NOTICE', 'ERROR: too many concurrent REQs');
  session.unsubscribe(second);
  receive('NOTICE', 'ERROR: too many concurrent REQs');
  expect(heard).toEqual(['EOSE', 'EOSE', ['TOO MANY', 1], 'NOTICE', 'NOTICE']);
});
