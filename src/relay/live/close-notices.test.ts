import { expect, test } from 'vitest';

import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import { CloseNotices } from './close-notices.ts';
import { RelaySession } from './relay-session.ts';

test('a NOTICE may answer a CLOSE once, and no CLOSE that was never sent', () => {
  const notices = new CloseNotices();
  const before = notices.onNotice();
  notices.onClose();
  expect([before, notices.onNotice(), notices.onNotice()]).toEqual([false, true, false]);
});

test('a NOTICE may answer one of the last 32 CLOSEs', () => {
  const notices = new CloseNotices();
  for (let n = 0; n < 100; n++) notices.onClose();
  const answers = Array.from({ length: 40 }, () => notices.onNotice());
  expect(answers.filter(Boolean)).toHaveLength(32);
});

test('a relay that answers every CLOSE with a NOTICE has that habit from the fourth on', () => {
  const notices = new CloseNotices();
  const habit = Array.from({ length: 5 }, () => {
    notices.onClose();
    notices.onNotice();
    return notices.areHabit;
  });
  expect(habit).toEqual([false, false, false, true, true]);
});

test('a relay that sends a NOTICE now and then has no such habit', () => {
  const notices = new CloseNotices();
  for (let n = 0; n < 30; n++) {
    notices.onClose();
    if (n % 3 === 0) notices.onNotice();
  }
  expect(notices.areHabit).toBe(false);
});

test('in a session, NOTICEs that answer every CLOSE are no chatter, and after three of them are not passed on', () => {
  const heard: string[] = [];
  const misconduct: string[] = [];
  const session = new RelaySession({
    relay: 'relay.example',
    conduct: { note: (what: string) => misconduct.push(what) } as unknown as RelayConduct,
    authentication: {} as RelayAuthentication,
    telemetry: new FakeTelemetry(),
    send: () => undefined,
    onNotice: () => heard.push('NOTICE'),
    maxSubscriptionId: undefined,
    arrangement: 'apart',
    onTooMany: () => undefined,
  });
  const listener = { onEvent: () => true, onEose: () => true, onClosed: () => undefined };
  const notice = (): void => session.receive(Buffer.from('["NOTICE","a secret"]'), false);
  for (let n = 0; n < 200; n++) {
    session.unsubscribe(session.subscribe({ kinds: [14], limit: 0 }, listener, 'page'));
    notice();
  }
  const answers = [[...heard], [...misconduct]];
  notice();
  expect([answers, heard.length, misconduct]).toEqual([[['NOTICE', 'NOTICE', 'NOTICE'], []], 4, ['chatter']]);
});
