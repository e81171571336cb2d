import {
  PROVIDERS,
  KINDS,
  FRAME_FAULTS,
  CLOSED_REASONS,
  RECONCILIATION_ENDS,
  EVENT_REJECTIONS,
  FAILURE_REASONS,
  CURVES,
  ROUTES,
  STATUSES,
  LIMITS,
  type LabelValues,
} from './label-values.ts';

/** The counters, declared once: the name without prefix and `_total`, with the help text of the metrics page, and the values of each label. */
export const COUNTERS = {
  relay_frames: { help: 'Frames received from relays.', labels: {} },
  relay_received_bytes: { help: 'Bytes of the frames received from relays.', labels: {} },
  relay_frames_rejected: {
    help: 'Frames dropped unread: not text, not JSON, no NIP-01 message, not asked for, or too long.',
    labels: { reason: FRAME_FAULTS },
  },
  relay_chatter: {
    help: 'Pings, pongs and fragments of a few bytes from relays.',
    labels: {},
  },
  relay_connections: { help: 'Connections to relays that were opened.', labels: {} },
  relay_subscriptions_closed: {
    help: 'Subscriptions that a relay closed (CLOSED).',
    labels: { kind: KINDS, reason: CLOSED_REASONS },
  },
  relay_bans: {
    help: 'Relays disconnected for a while because of what they sent.',
    labels: { reason: ['rubbish', 'chatter'] },
  },
  relay_throttled: { help: 'Times that a relay was read more slowly than it sent.', labels: {} },
  relay_recoveries: {
    help: 'Recoveries that ended, by outcome.',
    labels: { outcome: ['complete', 'unverified', 'incomplete'] },
  },
  relay_recovery_pages: { help: 'Pages of stored events that recoveries asked for.', labels: {} },
  relay_recovery_events: {
    help: 'Stored events that recoveries received, mostly for strangers.',
    labels: {},
  },
  relay_recovery_skipped: {
    help: 'Seconds of which a recovery or an audit could not get every event.',
    labels: { reason: ['crowded', 'poisoned'] },
  },
  relay_reconciliations: {
    help: 'Comparisons of stored events with a relay (NIP-77) that ended, by outcome.',
    labels: { outcome: RECONCILIATION_ENDS },
  },
  relay_audits: {
    help: 'Audits of relays that ended, by outcome.',
    labels: { outcome: ['clean', 'found', 'failed', 'cut'] },
  },
  relay_audit_found: {
    help: 'Events for registered keys that audits found: a relay had stored them and not sent them live.',
    labels: { kind: KINDS },
  },
  relay_lists: {
    help: 'Relay lists of Mostro instances that were received, by verdict.',
    labels: { verdict: ['adopted', 'ignored', 'forged', 'unverified'] },
  },
  events_received: { help: 'Events received on a subscription, copies included.', labels: { kind: KINDS } },
  events_unmatched: { help: 'Events for keys that are not registered, dropped without parsing.', labels: {} },
  events_matched: { help: 'Events that name a registered key.', labels: {} },
  events_duplicate: { help: 'Matched events that had been seen before.', labels: {} },
  events_verified: {
    help: 'Matched events whose id and signature were checked, with any result.',
    labels: {},
  },
  events_rejected: {
    help: 'Matched events that may wake no device, by reason.',
    labels: { reason: EVENT_REJECTIONS },
  },
  events_absorbed: {
    help: 'Matched events that need no wake of their own: a wake for their device is coming, or their recovery has sent one.',
    labels: {},
  },
  events_left: {
    help: 'Matched events for devices of other servers of the fleet. They are looked at again after a second.',
    labels: {},
  },
  events_claimed: { help: 'Verified events that were new and led to wakes.', labels: {} },
  wakes_held: {
    help: 'Wakes held because their device had just been woken: one wake stands for all of them. Only under the policy prompt.',
    labels: { provider: PROVIDERS },
  },
  wakes_released: {
    help: 'Wakes that left for their lane, by the policy that let them go.',
    labels: { policy: ['prompt', 'slots', 'cohorts', 'heartbeat'] },
  },
  slot_bursts: { help: 'Edges of slots at which wakes left.', labels: {} },
  wakes_rationed: {
    help: 'Wakes that wait because their device has had all wakes that unvouched events, or chat announcements, may cause in an hour.',
    labels: { cause: ['vouched', 'unvouched', 'chat'] },
  },
  wakes_uncounted: {
    help: 'Wakes that no longer count against the allowance of their device although they are not an hour old, because too many were counted.',
    labels: {},
  },
  wakes_queued: { help: "Wakes handed to a provider's queue.", labels: { provider: PROVIDERS } },
  wakes_turned_away: {
    help: 'Wakes that no lane took, because the push service waits for credentials. STORE=file owes them.',
    labels: { provider: PROVIDERS },
  },
  wakes_absorbed: {
    help: 'Wakes that another one, still unsent, for the same device stands for.',
    labels: { provider: PROVIDERS },
  },
  wakes_owed: {
    help: 'Wakes that became owed, by reason.',
    labels: { provider: PROVIDERS, reason: ['deadline', 'refused', 'overload', 'suspect'] },
  },
  wakes_moved: {
    help: 'Waiting wakes that moved to another device with their key.',
    labels: { provider: PROVIDERS },
  },
  lane_changes: {
    help: 'Changes of a lane to open, paused or broken.',
    labels: { provider: PROVIDERS, state: ['open', 'paused', 'broken'] },
  },
  pushes: {
    help: 'Attempts to deliver a wake, by outcome.',
    labels: { provider: PROVIDERS, outcome: ['delivered', 'gone', 'retry', 'refused'] },
  },
  push_failures: {
    help: 'Attempts that did not deliver, by the reason that the push service or this server gave.',
    labels: { provider: PROVIDERS, reason: FAILURE_REASONS },
  },
  wakes_retried: { help: 'Wakes that wait to be tried again.', labels: { provider: PROVIDERS } },
  wakes_dropped: {
    help: 'Wakes that ended unsent and are not owed, by reason.',
    labels: { provider: PROVIDERS, reason: ['unregistered', 'stopped', 'displaced'] },
  },
  registrations_forgotten: {
    help: 'Registrations evicted because the push service called the device gone.',
    labels: {},
  },
  curve_faults: {
    help: 'Errors and wrong answers of a library that verifies signatures and opens tokens.',
    labels: { library: CURVES, reason: ['error', 'wrong answer'] },
  },
  oauth_mints: { help: 'Access tokens asked of Google.', labels: { outcome: ['minted', 'failed'] } },
  http_requests: { help: 'Answers of the public HTTP API.', labels: { route: ROUTES, status: STATUSES } },
  http_rate_limited: {
    help: 'Requests refused with 429, by the limit that was hit.',
    labels: { limit: LIMITS },
  },
  http_proxy_headers_ignored: {
    help: 'Requests with headers of a proxy while these are not trusted (NOTIFY_TRUST_PROXY_HEADERS).',
    labels: {},
  },
  http_connections_refused: {
    help: 'Connections closed at once because there were too many, of one address or of all.',
    labels: {},
  },
  http_connections_closed: {
    help: 'Connections closed because of their client: too many requests before their answers, answers left unread, or displaced by another network.',
    labels: { reason: ['pipelined', 'unread', 'displaced'] },
  },
  http_signatures: {
    help: 'Authorization headers of the scheme Nostr (NIP-98), by verdict.',
    labels: { verdict: ['accepted', 'refused', 'replayed', 'overflow', 'undecided'] },
  },
  chat_announcements: { help: 'Calls of /api/notify that were accepted.', labels: {} },
  chat_announcements_dropped: {
    help: 'Accepted calls of /api/notify that were lost because their ring was full.',
    labels: {},
  },
  log_lines_lost: {
    help: 'Lines of the log that standard output, standard error or LOG_FILE did not take.',
    labels: { output: ['stdout', 'stderr', 'file'] },
  },
  registrations_expired: { help: 'Registrations removed because their time to live was over.', labels: {} },
  registrations_displaced: {
    help: 'Registrations that made room for a new key at MAX_REGISTRATIONS.',
    labels: {},
  },
  store_commits: { help: 'Times that changes were made durable, many at once.', labels: {} },
  store_rewrites: { help: 'Times that the file of the store was rewritten.', labels: {} },
  store_failures: {
    help: 'Times that the disk or the engine did not take what the store had to keep.',
    labels: {},
  },
  store_refusals: {
    help: 'Requests to register or unregister that were refused because of a full or broken disk.',
    labels: {},
  },
  registrations_defended: {
    help: 'Unsigned requests for an owned key, which changed nothing.',
    labels: {},
  },
  fleet_claims: {
    help: 'Claims of verified events and of chat wakes for devices, by outcome: won here; taken by another server; done before; handed to the server that sends the wakes of the device; degraded: won without asking, because the engine was down.',
    labels: { outcome: ['won', 'taken', 'done', 'handed', 'degraded'] },
  },
  fleet_values_rejected: {
    help: 'Values in the engine that are damaged, or that no server of this fleet wrote. They count for nothing.',
    labels: { kind: ['record', 'newer_record', 'wake', 'newer_wake', 'owed_wake', 'pause', 'key'] },
  },
  fleet_takeovers: {
    help: 'Servers that died and left work, of which this server took over a part.',
    labels: {},
  },
  seen_events_displaced: {
    help: 'Ids removed before their 72 hours because the seen-set was full: a copy of such an event can wake once more.',
    labels: {},
  },
} as const satisfies Record<string, { help: string; labels: LabelValues }>;

export type CounterName = keyof typeof COUNTERS;

/** The labels of a counter, each with one of its values. */
export type CounterLabels<Name extends CounterName> = {
  readonly [
    Label in keyof (typeof COUNTERS)[Name]['labels']
  ]: (typeof COUNTERS)[Name]['labels'][Label] extends readonly (infer Value extends string)[] ? Value : never;
};
