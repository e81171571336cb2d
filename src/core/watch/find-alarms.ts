import { ALARMS, RESTRICTION_ALARMS, type Alarm, type AlarmName } from './alarms.ts';
import { SECOND_MS } from '../basics/clock.ts';
import type { DeliveryHealth } from '../lanes/delivery-health.ts';
import type { LaneTrouble, LaneTroubles } from '../lanes/lane.ts';
import type { WakingKind } from '../nostr/nostr-event.ts';
import type { PushService } from '../registry/push-target.ts';

/** A relay that is connected again within this time is no alarm. */
const RELAY_PATIENCE_MS = 5 * SECOND_MS;

/** The state of a relay that can be an alarm. */
export interface WatchedRelay {
  readonly relay: string;
  /** Since when the relay is not connected (milliseconds), why, and what helps against just that. */
  readonly lost?: { readonly since: number; readonly reason: string; readonly remedy?: string };
  readonly restricted: readonly { readonly kind: WakingKind; readonly reason: string }[];
  /** The kinds whose subscription the relay has left unanswered; absent: none. */
  readonly unanswered?: readonly number[];
  /** What audits have found that the relay had dropped; absent: nothing. */
  readonly dropped?: { readonly count: number; readonly isRepeated: boolean };
}

/** The state of the engine that the servers of a fleet share. */
export interface EngineSigns {
  /** Why the engine cannot be used; absent while it can. */
  readonly problem: string | undefined;
  /** Its `maxmemory-policy`; absent until it was reached. */
  readonly evictionPolicy: string | undefined;
  /** The variables of which servers of the fleet have had other values than this one for a minute. */
  readonly otherSettings: readonly string[];
}

/** The state of the program at one moment, from which the alarms follow. */
export interface AlarmSigns {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly relays: readonly WatchedRelay[];
  /** Whether FCM is switched on and has no key file. */
  readonly fcmLacksCredentials: boolean;
  /** Why Google gave no access token the last time; absent if it gave one. */
  readonly oauthProblem: string | undefined;
  readonly health: Readonly<Record<PushService, DeliveryHealth>>;
  /** Wakes that wait or are owed, by provider. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly troubled: Readonly<Record<string, LaneTroubles>>;
  /** How far our clock is ahead, in whole seconds; absent while it is right within a minute. */
  readonly clockOffSeconds: number | undefined;
  readonly diskFull: boolean;
  /** Why lines are not written to the log file; absent if they are. */
  readonly logFileProblem: string | undefined;
  /** Why lines are not written to standard output; absent if they are. */
  readonly logOutputProblem: string | undefined;
  readonly storeUnavailable: boolean;
  /** Absent without `STORE=redis`. */
  readonly engine: EngineSigns | undefined;
  /** The signature library that failed and was replaced since the start; absent if none did. */
  readonly replacedLibrary: string | undefined;
  /** What is wrong with the headers of the proxy in front; absent: nothing. */
  readonly proxyHeaderFault: 'ignored' | 'missing' | undefined;
  /** Why the outgoing proxy makes no connections; absent: it does, or there is none. */
  readonly outgoingProxyProblem: string | undefined;
}

/** The alarms that stand at this moment, the worst first. */
export function findAlarms(signs: AlarmSigns): Alarm[] {
  const alarms = [
    ...machineAlarms(signs),
    ...fcmAlarms(signs),
    ...laneAlarms(signs),
    ...signs.relays.flatMap((relay) => relayAlarms(relay, signs.now)),
  ];
  return alarms.toSorted((a, b) => rank(a) - rank(b));
}

function rank({ alarm }: Alarm): number {
  return ALARMS[alarm].level === 'error' ? 0 : 1;
}

/** Google refuses the key or what the key signed. Asking again changes nothing. 429 is not a refusal: it asks to wait. */
export function isKeyRefused(oauthProblem: string): boolean {
  return /^http_4(?!29)/.test(oauthProblem);
}

function machineAlarms(signs: AlarmSigns): Alarm[] {
  const alarms: Alarm[] = [];
  if (signs.clockOffSeconds !== undefined)
    alarms.push({ alarm: 'clock off', reason: `${signs.clockOffSeconds} s` });
  if (signs.diskFull) alarms.push({ alarm: 'disk full' });
  else if (signs.logFileProblem !== undefined)
    alarms.push({ alarm: 'log file unwritable', reason: signs.logFileProblem });
  if (signs.logOutputProblem !== undefined)
    alarms.push({ alarm: 'log output stalled', reason: signs.logOutputProblem });
  if (signs.engine !== undefined) alarms.push(...engineAlarms(signs.engine));
  else if (signs.storeUnavailable) alarms.push({ alarm: 'registration store unavailable' });
  if (signs.replacedLibrary !== undefined)
    alarms.push({ alarm: 'signature library replaced', reason: signs.replacedLibrary });
  if (signs.outgoingProxyProblem !== undefined)
    alarms.push({ alarm: 'outgoing proxy down', reason: signs.outgoingProxyProblem });
  if (signs.proxyHeaderFault !== undefined) alarms.push({ alarm: `proxy headers ${signs.proxyHeaderFault}` });
  return alarms;
}

function engineAlarms({ evictionPolicy, otherSettings, problem }: EngineSigns): Alarm[] {
  const alarms: Alarm[] = [];
  if (problem !== undefined) alarms.push({ alarm: 'store unreachable', reason: problem });
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction')
    alarms.push({ alarm: 'engine evicts', reason: evictionPolicy });
  if (otherSettings.length > 0) alarms.push({ alarm: 'fleet disagrees', reason: otherSettings.join(', ') });
  return alarms;
}

function fcmAlarms(signs: AlarmSigns): Alarm[] {
  const { clockOffSeconds, fcmLacksCredentials, health, oauthProblem, waiting } = signs;
  const alarms: Alarm[] = [];
  const raise = (alarm: AlarmName, reason?: string): void =>
    void alarms.push({ alarm, provider: 'fcm', ...(reason !== undefined && { reason }) });
  if (fcmLacksCredentials) raise('FCM without credentials');
  if (oauthProblem !== undefined && !isKeyRefused(oauthProblem)) raise('OAuth down', oauthProblem);
  // With a wrong clock Google refuses a good key too. Then the clock is the alarm.
  else if (oauthProblem !== undefined && clockOffSeconds === undefined) raise('bad key file', oauthProblem);
  const ailment = health.fcm.ailment((waiting['fcm'] ?? 0) > 0);
  if (ailment?.what === 'refuses us') raise('wrong project', ailment.reason);
  else if (ailment !== undefined && oauthProblem === undefined) raise('FCM down', ailment.reason);
  if (health.fcm.isApnsKeyRefused) raise('APNs key refused');
  return alarms;
}

/** The alarms of one push service: for troubles of its lanes, and for most of its attempts failing. */
interface ServiceAlarms {
  readonly troubles: Readonly<Partial<Record<LaneTrouble, AlarmName>>>;
  readonly failing?: AlarmName;
}

/**
 * FCM is one lane that most devices need. UnifiedPush has many lanes, one for each host, and strangers run the hosts: the failures
 * of some hosts say nothing about this server.
 */
const SERVICE_ALARMS: Readonly<Record<PushService, ServiceAlarms>> = {
  fcm: {
    troubles: { full: 'queue full', guarded: 'devices called gone', paused: '429 pause' },
    failing: 'deliveries failing',
  },
  unifiedpush: { troubles: { down: 'UnifiedPush host down' } },
};

function laneAlarms({ health, troubled }: AlarmSigns): Alarm[] {
  const alarms: Alarm[] = [];
  for (const provider of Object.keys(SERVICE_ALARMS) as PushService[]) {
    const { failing, troubles } = SERVICE_ALARMS[provider];
    for (const trouble of Object.keys(troubles) as LaneTrouble[]) {
      const [alarm, count] = [troubles[trouble], troubled[provider]?.[trouble] ?? 0];
      if (alarm !== undefined && count > 0) alarms.push({ alarm, provider, count });
    }
    const { isPoor, lastReason } = health[provider];
    if (failing !== undefined && isPoor)
      alarms.push({ alarm: failing, provider, ...(lastReason !== undefined && { reason: lastReason }) });
  }
  return alarms;
}

function relayAlarms(
  { dropped, lost, relay, restricted, unanswered = [] }: WatchedRelay,
  now: number,
): Alarm[] {
  const alarms: Alarm[] = [];
  if (lost !== undefined && now - lost.since >= RELAY_PATIENCE_MS)
    alarms.push({
      alarm: 'relay unreachable',
      relay,
      reason: lost.reason,
      ...(lost.remedy !== undefined && { remedy: lost.remedy }),
    });
  for (const { kind, reason } of restricted) {
    // A relay that asks for authentication may serve the kind once authentication is done.
    if (reason !== 'unconfirmed' || unanswered.includes(kind))
      alarms.push({ alarm: RESTRICTION_ALARMS[kind], relay, reason });
  }
  if (dropped?.isRepeated === true)
    alarms.push({ alarm: 'relay drops events', relay, reason: `${dropped.count} events since the start` });
  return alarms;
}
