import { expect, test } from 'vitest';

import { unsignedEvent } from '../../../test/support/events.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import { RelaySession, type SubscriptionListener } from './relay-session.ts';

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
  });
  const listener: SubscriptionListener = {
    onEvent: ({ id }) => heard.push(['EVENT', id]) > 0 && expected,
    onEose: () => heard.push('EOSE') > 0 && expected,
    onClosed: (reason) => void heard.push(['CLOSED', reason]),
  };
  const receive = (...message: readonly unknown[]): void =>
    session.receive(Buffer.from(JSON.stringify(message)), false);
  const subscribe = (): string => session.subscribe(FILTER, listener);
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
  const id = session.subscribe(FILTER, {
    onEvent: () => other.push('EVENT') > 0,
    onEose: () => other.push('EOSE') > 0,
    onClosed: () => void other.push('CLOSED'),
  });
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
  const id = session.subscribe(FILTER, {
    onEvent: () => true,
    onEose: () => true,
    onClosed: () => undefined,
    onTooLong: () => heard.push('too long'),
  });
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
