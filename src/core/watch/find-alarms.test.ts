import { describe, expect, test } from 'vitest';

import { DELIVERED, FAILED, MISCONFIGURED } from '../../../test/support/lane-bench.ts';
import { ALARMS } from './alarms.ts';
import { deliveryBlockers } from './delivery-blockers.ts';
import type { Delivery } from '../lanes/delivery.ts';
import { DeliveryHealth } from '../lanes/delivery-health.ts';
import { findAlarms, type AlarmSigns, type EngineSigns } from './find-alarms.ts';
import { NO_TROUBLES } from '../lanes/lane.ts';

const NOW = 1_000_000;

function healthAfter(...deliveries: Delivery[]): DeliveryHealth {
  const health = new DeliveryHealth(() => NOW);
  for (const delivery of deliveries) health.note(delivery);
  return health;
}

const WELL: AlarmSigns = {
  now: NOW,
  relays: [{ relay: 'relay.example', restricted: [] }],
  fcmLacksCredentials: false,
  oauthProblem: undefined,
  health: { fcm: healthAfter(), unifiedpush: healthAfter() },
  waiting: {},
  troubled: { fcm: NO_TROUBLES },
  clockOffSeconds: undefined,
  diskFull: false,
  logFileProblem: undefined,
  logOutputProblem: undefined,
  storeUnavailable: false,
  engine: undefined,
  replacedLibrary: undefined,
  proxyHeaderFault: undefined,
  outgoingProxyProblem: undefined,
};

const namesIn = (signs: Partial<AlarmSigns>): string[] =>
  findAlarms({ ...WELL, ...signs }).map(({ alarm }) => alarm);
const fcm = (...deliveries: Delivery[]): Partial<AlarmSigns> => ({
  health: { fcm: healthAfter(...deliveries), unifiedpush: healthAfter() },
});
const engine = (parts: Partial<EngineSigns>): Partial<AlarmSigns> => ({
  engine: { problem: undefined, evictionPolicy: 'noeviction', otherSettings: [], ...parts },
});
const relay = (parts: object): Partial<AlarmSigns> => ({
  relays: [{ relay: 'r', restricted: [], ...parts }],
});
const trouble = (provider: string, name: string): Partial<AlarmSigns> => ({
  troubled: { [provider]: { ...NO_TROUBLES, [name]: 1 } },
});

const blockers = (signs: Partial<AlarmSigns>, unifiedPush: DeliveryHealth | undefined): string[] =>
  deliveryBlockers({
    alarms: findAlarms({ ...WELL, ...signs }),
    oauthProblem: signs.oauthProblem,
    unifiedPush,
  });

describe('alarms', () => {
  test('of a relay have the remedy for the cause, where one is known', () => {
    const lost = { since: 0, reason: 'HTTP 401', remedy: 'give a password' };
    const unknown = { since: 0, reason: 'EWHATEVER' };
    const alarms = [lost, unknown].flatMap((one) => findAlarms({ ...WELL, ...relay({ lost: one }) }));
    expect(alarms.map(({ remedy }) => remedy)).toEqual(['give a password', undefined]);
  });

  test('are none while all is well', () => {
    expect(findAlarms(WELL)).toEqual([]);
  });

  test.each<[string, Partial<AlarmSigns>, string[]]>([
    ['a relay lost for a while', relay({ lost: { since: NOW - 5000, reason: 'x' } }), ['relay unreachable']],
    [
      'a relay that leaves a subscription unanswered',
      relay({ restricted: [{ kind: 14, reason: 'unconfirmed' }], unanswered: [14] }),
      ['relay restricts 14'],
    ],
    ['a relay lost a moment ago', relay({ lost: { since: NOW - 4999, reason: 'x' } }), []],
    [
      'kind 1059 refused',
      relay({ restricted: [{ kind: 1059, reason: 'restricted' }] }),
      ['relay restricts 1059'],
    ],
    ['kind 14 refused', relay({ restricted: [{ kind: 14, reason: 'blocked' }] }), ['relay restricts 14']],
    ['a kind not confirmed yet', relay({ restricted: [{ kind: 1059, reason: 'unconfirmed' }] }), []],
    [
      'a relay that drops events again and again',
      relay({ dropped: { count: 3, isRepeated: true } }),
      ['relay drops events'],
    ],
    ['a relay that has dropped events once', relay({ dropped: { count: 3, isRepeated: false } }), []],
    ['no key file', { fcmLacksCredentials: true }, ['FCM without credentials']],
    ['OAuth 400', { oauthProblem: 'http_400' }, ['bad key file']],
    ['OAuth 401', { oauthProblem: 'http_401' }, ['bad key file']],
    ['OAuth 400 with a wrong clock', { oauthProblem: 'http_400', clockOffSeconds: 600 }, ['clock off']],
    ['OAuth 429', { oauthProblem: 'http_429' }, ['OAuth down']],
    ['OAuth 503', { oauthProblem: 'http_503' }, ['OAuth down']],
    ['OAuth unreachable', { oauthProblem: 'unreachable' }, ['OAuth down']],
    ['FCM 403', fcm(MISCONFIGURED), ['wrong project']],
    ['FCM 503, three times', fcm(FAILED, FAILED, FAILED), ['FCM down']],
    ['no token, three times', { ...fcm(FAILED, FAILED, FAILED), oauthProblem: 'http_503' }, ['OAuth down']],
    [
      'FCM failing for minutes',
      fcm(FAILED, FAILED, FAILED, FAILED, FAILED, DELIVERED),
      ['deliveries failing'],
    ],
    ['the FCM lane paused', trouble('fcm', 'paused'), ['429 pause']],
    ['a UnifiedPush lane down', trouble('unifiedpush', 'down'), ['UnifiedPush host down']],
    ['the FCM lane down', trouble('fcm', 'down'), []],
    ['the FCM lane full', trouble('fcm', 'full'), ['queue full']],
    ['the FCM lane guarded', trouble('fcm', 'guarded'), ['devices called gone']],
    ['a UnifiedPush lane paused', trouble('unifiedpush', 'paused'), []],
    ['a UnifiedPush lane full', trouble('unifiedpush', 'full'), []],
    ['a UnifiedPush lane guarded', trouble('unifiedpush', 'guarded'), []],
    ['a full disk', { diskFull: true, logFileProblem: 'ENOSPC' }, ['disk full']],
    ['a standard output that no program reads', { logOutputProblem: 'unread' }, ['log output stalled']],
    ['a log file of another user', { logFileProblem: 'EACCES' }, ['log file unwritable']],
    ['a store without writes', { storeUnavailable: true }, ['registration store unavailable']],
    ['an engine that is well', engine({}), []],
    ['an engine that was not reached yet', engine({ evictionPolicy: undefined }), []],
    [
      'an engine that is gone, whatever the store says',
      { ...engine({ problem: 'nothing listens at its port' }), storeUnavailable: true },
      ['store unreachable'],
    ],
    ['an engine that throws keys away', engine({ evictionPolicy: 'allkeys-lru' }), ['engine evicts']],
    ['servers with other settings', engine({ otherSettings: ['WAKE_POLICY'] }), ['fleet disagrees']],
    ['a clock off', { clockOffSeconds: -600 }, ['clock off']],
  ])('of %s', (_, signs, alarms) => {
    expect(namesIn(signs)).toEqual(alarms);
  });

  test('are sorted by how bad they are, and each has a remedy', () => {
    const names = namesIn({ ...relay({ lost: { since: 0, reason: 'x' } }), diskFull: true });
    expect(names).toEqual(['disk full', 'relay unreachable']);
    for (const { remedy } of Object.values(ALARMS)) expect(remedy).toMatch(/\w/);
  });
});

describe('the alarms that block every push service', () => {
  test.each<[string, Partial<AlarmSigns>, string[]]>([
    ['OAuth down', { oauthProblem: 'http_503' }, ['OAuth down']],
    ['a bad key file', { oauthProblem: 'http_400' }, ['bad key file']],
    [
      'a wrong clock, for which the key is refused',
      { oauthProblem: 'http_400', clockOffSeconds: 600 },
      ['clock off'],
    ],
    ['the wrong project', fcm(MISCONFIGURED), ['wrong project']],
    ['FCM down', fcm(FAILED, FAILED, FAILED), ['FCM down']],
  ])('are found for %s', (_, signs, alarms) => {
    expect(blockers(signs, healthAfter())).toEqual(alarms);
    expect(blockers(signs, undefined)).toEqual(alarms);
  });

  test.each<[string, Partial<AlarmSigns>]>([
    ['a wrong clock that Google does not mind', { clockOffSeconds: 600 }],
    ['a pause', trouble('fcm', 'paused')],
    ['a full queue', trouble('fcm', 'full')],
    ['a UnifiedPush host', trouble('unifiedpush', 'down')],
    ['a full disk', { diskFull: true }],
  ])('are none for %s', (_, signs) => {
    expect(blockers(signs, healthAfter())).toEqual([]);
  });

  test('are none while UnifiedPush delivers, because one enabled provider works', () => {
    expect(blockers({ oauthProblem: 'http_503' }, healthAfter(DELIVERED))).toEqual([]);
  });
});
