/** The log events and their levels. The name is the whole message, so that a reader can search for it. */
export const LOG_EVENTS = {
  'server.started': 'info',
  'server.stopping': 'info',
  'server.stopped': 'info',
  'server.failed': 'fatal',
  'process.warning': 'warn',
  'log.lines_lost': 'warn',
  'admin.unavailable': 'error',
  'alarm.raised': 'error',
  'alarm.warning': 'warn',
  'alarm.cleared': 'info',
  'config.warning': 'warn',
  'config.reloaded': 'info',
  'config.reload_refused': 'error',
  'config.restart_needed': 'warn',
  'curve.failed': 'error',
  'curve.unfit': 'warn',
  'curve.replaced': 'error',
  'clock.jumped': 'warn',
  'clock.corrected': 'info',
  'relay.connected': 'info',
  'relay.lost': 'warn',
  'relay.subscribed': 'info',
  'relay.eose_missing': 'warn',
  'relay.subscription_closed': 'info',
  'relay.kind_refused': 'warn',
  'relay.too_few_subscriptions': 'warn',
  'relay.subscription_dropped': 'warn',
  'relay.notice': 'info',
  'relay.authenticated': 'info',
  'relay.authentication_refused': 'warn',
  'relay.banned': 'warn',
  'relay.recovered': 'info',
  'relay.recovery_incomplete': 'error',
  'relay.reconciled': 'debug',
  'relay.reconciliation_failed': 'info',
  'relay.audited': 'debug',
  'relay.events_dropped': 'warn',
  'relay.audit_incomplete': 'warn',
  'relay.seconds_skipped': 'warn',
  'relay.discovered': 'info',
  'relay.dropped': 'info',
  'relay.frame_rejected': 'debug',
  'event.matched': 'debug',
  'event.rejected': 'debug',
  'wake.delivered': 'debug',
  'wake.failed': 'warn',
  'wake.refused': 'error',
  'wake.device_refused': 'warn',
  'lane.open': 'info',
  'lane.paused': 'warn',
  'lane.broken': 'warn',
  'lane.overloaded': 'warn',
  'lane.relieved': 'info',
  'lane.eviction_stopped': 'error',
  'lane.eviction_resumed': 'info',
  'provider.fault': 'error',
  'provider.unreachable': 'warn',
  'device.forgotten': 'info',
  'fcm.session_lost': 'info',
  'fcm.token_minted': 'debug',
  'fcm.oauth_failed': 'error',
  'fcm.key_replaced': 'info',
  'fcm.key_file_unusable': 'error',
  'registration.stored': 'debug',
  'registration.removed': 'debug',
  'registration.refused': 'debug',
  'registrations.kept': 'warn',
  'registrations.swept': 'debug',
  'fleet.servers': 'info',
  'fleet.took_over': 'info',
  'fleet.value_rejected': 'warn',
  'store.opened': 'info',
  'store.torn': 'info',
  'store.tokens_refused': 'warn',
  'store.refusing': 'error',
  'store.recovered': 'info',
  'store.rewrite_failed': 'warn',
  'store.file_missing': 'warn',
  'store.resealed': 'info',
  'store.unlocked': 'warn',
  'store.imported': 'warn',
  'store.set_aside': 'warn',
  'http.failed': 'error',
  'http.proxy_headers_ignored': 'warn',
} as const satisfies Record<string, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

export type LogEvent = keyof typeof LOG_EVENTS;

/** The only fields that a log line may have besides its event. None can name a user, a device or a Nostr event. */
export interface LogFields {
  readonly version?: string;
  readonly address?: string;
  /** Host of a configured relay, without path or query. */
  readonly relay?: string;
  readonly kind?: number;
  readonly provider?: string;
  readonly reason?: string;
  /** HTTP status or WebSocket close code. */
  readonly status?: number;
  /** Name and code of an error, and its place in the code; never its message. */
  readonly error?: string;
  readonly count?: number;
  /** Pages and events of a recovery. */
  readonly pages?: number;
  readonly events?: number;
  /** Unix seconds: the time whose events a recovery did not get. */
  readonly since?: number;
  readonly until?: number;
  readonly waitMs?: number;
  /** A trade pubkey, as a salted hash that only this process can compute. */
  readonly key?: string;
  readonly message?: string;
  /** An alarm, by its name in `alarms.ts`. */
  readonly alarm?: string;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
