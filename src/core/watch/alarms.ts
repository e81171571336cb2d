import type { WakingKind } from '../nostr/nostr-event.ts';

/**
 * Everything wrong with a running server that its operator should know: the name and the remedy as readiness, the metric `alarm`, the
 * log, the dashboard and `doctor` show them. `error`: wakes wait or are lost at this moment, or new registrations are refused.
 */
export const ALARMS = {
  'relay unreachable': {
    level: 'warn',
    remedy: 'check that the relay runs and that this machine can reach it, or remove it from NOSTR_RELAYS',
  },
  'relay restricts 1059': {
    level: 'warn',
    remedy:
      'add a relay to NOSTR_RELAYS that serves kind 1059: at this relay no trades of protocol v1 are seen',
  },
  'relay restricts 14': {
    level: 'warn',
    remedy:
      'add a relay to NOSTR_RELAYS that serves kind 14: at this relay no trades of protocol v2 are seen',
  },
  'relay drops events': {
    level: 'warn',
    remedy:
      'add a relay to NOSTR_RELAYS that the Mostro instance publishes to, too; if nodejs_eventloop_lag_p99_seconds says that this machine stands still, give it more processor time. Audits found the events, and they woke, late',
  },
  'bad key file': {
    level: 'error',
    remedy:
      'make a new key in the Firebase console (Project settings, Service accounts) and put it at FIREBASE_SERVICE_ACCOUNT_PATH; no restart is needed',
  },
  'wrong project': {
    level: 'error',
    remedy:
      'set FIREBASE_PROJECT_ID to the project of the app, and check that its Firebase Cloud Messaging API is on and that the key file is from the same project',
  },
  'APNs key refused': {
    level: 'error',
    remedy:
      'upload a valid APNs key in the Firebase console (Project settings, Cloud Messaging); until then iPhones are not woken',
  },
  'OAuth down': {
    level: 'error',
    remedy:
      'run mostro-push doctor: it says whether this machine reaches the token_uri of the key file. If it does, wait for Google: the server asks again by itself',
  },
  'FCM down': {
    level: 'error',
    remedy:
      'run mostro-push doctor: it says whether this machine reaches FCM. If it does, wait for Google (status.firebase.google.com): the wakes are owed and are sent by themselves later',
  },
  'FCM without credentials': {
    level: 'warn',
    remedy: 'set FIREBASE_SERVICE_ACCOUNT_PATH, or FCM_ENABLED=false; until then FCM devices are not woken',
  },
  '429 pause': {
    level: 'warn',
    remedy:
      'wait: the wakes are sent after the pause. If this comes again, ask Google for more quota (Google Cloud console, Quotas, Firebase Cloud Messaging API)',
  },
  'UnifiedPush host down': {
    level: 'warn',
    remedy:
      'wait: the server tries the host again by itself, and its wakes are owed. If all hosts are down, check DNS and the firewall of this machine',
  },
  'queue full': {
    level: 'error',
    remedy:
      'wait: further devices are owed their wakes, and get them when the queue has room. If it lasts, FCM or the way to it is slow: see push_attempt_seconds and status.firebase.google.com',
  },
  'devices called gone': {
    level: 'error',
    remedy:
      'check that FIREBASE_PROJECT_ID is the project of the app: too many devices are called gone at once. No device is evicted until this ends',
  },
  'deliveries failing': {
    level: 'error',
    remedy:
      'see the reason: unreachable and http_5xx are of the network or of Google, and pass; for any other, run mostro-push doctor, which tries FCM and says what to do',
  },
  'disk full': {
    level: 'error',
    remedy:
      'free some room on the disk of DATA_DIR and LOG_FILE (df -h, du -sh; let logrotate keep the log small): wakes go on, but nothing new is stored',
  },
  'log file unwritable': {
    level: 'warn',
    remedy:
      'check the owner and mode of LOG_FILE and its directory, then send SIGHUP; standard output still gets the log',
  },
  'log output stalled': {
    level: 'warn',
    remedy:
      'check the program that reads the standard output of the server: log lines are lost there; LOG_FILE still gets them; wakes go on',
  },
  'registration store unavailable': {
    level: 'error',
    remedy:
      'see store.refusing in the log. ENOSPC: free some room; EROFS, EIO: look at the disk; EACCES: give DATA_DIR back to the user of the server; LOCKED: stop the other server. Until then no device can register; wakes go on',
  },
  'store unreachable': {
    level: 'error',
    remedy:
      'see the reason. Where the engine of REDIS_URL is not reached, check that it runs and that this machine reaches it; where it takes no changes, give it memory or disk, or a primary. Until then no device can register; wakes go on with what the servers know, and the engine is filled again when it is back',
  },
  'engine evicts': {
    level: 'error',
    remedy:
      'set maxmemory-policy noeviction in the configuration of the engine, and give it enough memory: with another policy it throws away what the servers have claimed, and wakes come twice',
  },
  'fleet disagrees': {
    level: 'warn',
    remedy:
      'give all servers of the fleet the same values of the variables that the reason names, and restart those that you change: a device is treated by the settings of whichever server has to do with it',
  },
  'signature library replaced': {
    level: 'warn',
    remedy:
      'update the library that the reason names, and restart the server when convenient. Nothing is lost: another library verifies, perhaps more slowly',
  },
  'outgoing proxy down': {
    level: 'error',
    remedy:
      'check that the proxy of HTTPS_PROXY or TOR_SOCKS runs and that this machine reaches it; after PROXY_407, PROXY_401 or PROXY_SOCKS_AUTH check the user and the password there. Wakes are owed and relays caught up by themselves when it works again',
  },
  'proxy headers ignored': {
    level: 'warn',
    remedy:
      'if a reverse proxy is in front, set NOTIFY_TRUST_PROXY_HEADERS=true and restart: until then all clients count as one address and share one limit',
  },
  'proxy headers missing': {
    level: 'warn',
    remedy:
      'let the reverse proxy write X-Forwarded-For, as deploy/nginx.conf and deploy/Caddyfile do, or unset NOTIFY_TRUST_PROXY_HEADERS if there is none: until then all its clients count as one address and share one limit',
  },
  'clock off': {
    level: 'error',
    remedy:
      'set the clock of this machine: timedatectl set-ntp true, or start chrony. Until then nothing expires, and push servers may refuse what this server signs, unless Google has told it the time',
  },
} as const satisfies Record<string, { level: 'warn' | 'error'; remedy: string }>;

export type AlarmName = keyof typeof ALARMS;

/** The alarm for a relay that does not serve this kind of event. */
export const RESTRICTION_ALARMS = {
  1059: 'relay restricts 1059',
  14: 'relay restricts 14',
} as const satisfies Record<WakingKind, AlarmName>;

/** An alarm that stands at this moment. No field can name a device or a user. */
export interface Alarm {
  readonly alarm: AlarmName;
  /** Host of a relay. */
  readonly relay?: string;
  readonly provider?: string;
  /** A detail: a word or figure of the push service or of this program. */
  readonly reason?: string;
  /** What helps against just this cause, in place of the usual remedy of the alarm. */
  readonly remedy?: string;
  /** The number of lanes with the trouble. */
  readonly count?: number;
}
