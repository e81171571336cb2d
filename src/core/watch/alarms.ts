import type { WakingKind } from '../nostr/nostr-event.ts';

/**
 * All that can be wrong with a running server and is worth waking its operator, in the very words that readiness, the
 * metric `alarm`, the log, the dashboard and `doctor` use. `error`: somebody's wakes wait or are lost at this moment.
 */
export const ALARMS = {
  'relay unreachable': {
    level: 'warn',
    remedy: 'see that the relay runs and that this machine can reach it, or take it out of NOSTR_RELAYS',
  },
  'relay restricts 1059': {
    level: 'warn',
    remedy: 'protocol v1 trades are not seen at this relay: add one to NOSTR_RELAYS that serves kind 1059',
  },
  'relay restricts 14': {
    level: 'warn',
    remedy: 'protocol v2 trades are not seen at this relay: add one to NOSTR_RELAYS that serves kind 14',
  },
  'bad key file': {
    level: 'error',
    remedy:
      'make a new key in the Firebase console (Project settings, Service accounts) and put it at FIREBASE_SERVICE_ACCOUNT_PATH: no restart is needed',
  },
  'wrong project': {
    level: 'error',
    remedy:
      'set FIREBASE_PROJECT_ID to the project of the app, see that its Firebase Cloud Messaging API is on and that the key file is of the same project',
  },
  'APNs key refused': {
    level: 'error',
    remedy:
      'upload a valid APNs key in the Firebase console (Project settings, Cloud Messaging): iPhones are not woken',
  },
  'OAuth down': {
    level: 'error',
    remedy:
      'see that this machine reaches the token_uri of the key file; if so, wait for Google: it is asked again by itself',
  },
  'FCM down': {
    level: 'error',
    remedy:
      'see that this machine reaches FCM; if so, wait for Google: wakes are owed and follow by themselves',
  },
  'FCM without credentials': {
    level: 'warn',
    remedy: 'set FIREBASE_SERVICE_ACCOUNT_PATH, or FCM_ENABLED=false: until then FCM devices are not woken',
  },
  '429 pause': {
    level: 'warn',
    remedy:
      'a push service says that too much is sent: wakes follow after the pause; if it repeats, ask for more quota',
  },
  'UnifiedPush host down': {
    level: 'warn',
    remedy:
      'nothing is to be done here, it is tried again by itself; if all hosts are down, see DNS and the firewall',
  },
  'queue full': {
    level: 'error',
    remedy:
      'more wakes come than the push service takes: further devices are owed theirs and get them when it is relieved',
  },
  'devices called gone': {
    level: 'error',
    remedy:
      'too many at once: see that FIREBASE_PROJECT_ID is the project of the app. Nobody is forgotten until it ends',
  },
  'deliveries failing': {
    level: 'error',
    remedy:
      'less than half of the attempts of the last ten minutes came through: the reasons are in push_failures',
  },
  'disk full': {
    level: 'error',
    remedy: 'free some room on the disk of DATA_DIR and LOG_FILE: wakes go on, what has to be kept does not',
  },
  'log file unwritable': {
    level: 'warn',
    remedy:
      'see the owner and mode of LOG_FILE and its directory, then send SIGHUP; the log goes on at standard output',
  },
  'log output stalled': {
    level: 'warn',
    remedy:
      'see what reads the standard output of the server: lines of the log are lost, which LOG_FILE would still have; wakes go on',
  },
  'registration store unavailable': {
    level: 'error',
    remedy: 'see the disk of DATA_DIR: nobody can register, wakes go on',
  },
  'signature library replaced': {
    level: 'warn',
    remedy:
      'nothing is lost: another library verifies, perhaps more slowly. Restart the server when it suits, and update the library that the reason names',
  },
  'clock off': {
    level: 'error',
    remedy:
      'set the clock of this machine (NTP): nothing expires until then, and without FCM push servers may refuse what this server signs',
  },
} as const satisfies Record<string, { level: 'warn' | 'error'; remedy: string }>;

export type AlarmName = keyof typeof ALARMS;

/** The alarm for a relay that does not serve this kind of event. */
export const RESTRICTION_ALARMS = {
  1059: 'relay restricts 1059',
  14: 'relay restricts 14',
} as const satisfies Record<WakingKind, AlarmName>;

/** An alarm that stands, and what more may be said of it: nothing that names a device or a user. */
export interface Alarm {
  readonly alarm: AlarmName;
  /** Host of a relay. */
  readonly relay?: string;
  readonly provider?: string;
  /** A word or a figure: the push service's, or our own. */
  readonly reason?: string;
  /** How many lanes it is about. */
  readonly count?: number;
}
