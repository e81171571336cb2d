import { PROVIDERS, ROUTES, type LabelValues } from './label-values.ts';

/**
 * The histograms and gauges, declared once. The counters are in `telemetry.ts`. Names have no prefix here; units are seconds, bytes,
 * ratios and counts. No label can hold a key, a token, an endpoint, an address or an event id (contract 8).
 */

/** From a millisecond to ten minutes. A wake that takes longer is owed by then, and has no usual duration. */
const PATIENT = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];
/** For work that is given up after some seconds. */
const PROMPT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

interface Histogram {
  readonly help: string;
  /** For each label, its values. Each combination is on the metrics page from the start, as with the counters. */
  readonly labels: LabelValues;
  readonly buckets: readonly number[];
}

/** How long each stage from an event to its push takes, and all stages together. */
export const HISTOGRAMS = {
  event_to_push_seconds: {
    help: 'From the arrival of an event until a push service took its wake: all stages, with retries and holding.',
    labels: { provider: PROVIDERS },
    buckets: PATIENT,
  },
  event_admission_seconds: {
    help: 'From the arrival of a matched event until it was verified and claimed.',
    labels: {},
    buckets: PROMPT,
  },
  wake_held_seconds: {
    help: 'How long a wake was held: because its device had just been woken, or until the edge of its slot.',
    labels: { provider: PROVIDERS },
    buckets: PATIENT,
  },
  slot_late_seconds: {
    help: 'How long after the edge of its slot a burst of wakes began to leave.',
    labels: {},
    buckets: PROMPT,
  },
  wake_queue_seconds: {
    help: 'From the queue of a lane to the first attempt.',
    labels: { provider: PROVIDERS },
    buckets: PATIENT,
  },
  push_attempt_seconds: {
    help: 'One attempt to deliver a wake, with any outcome.',
    labels: { provider: PROVIDERS },
    buckets: PROMPT,
  },
  oauth_mint_seconds: {
    help: 'One request for an access token, with any outcome.',
    labels: {},
    buckets: PROMPT,
  },
  http_request_seconds: {
    help: 'One request to the public HTTP API.',
    labels: { route: ROUTES },
    buckets: PROMPT,
  },
} as const satisfies Record<string, Histogram>;

export type HistogramName = keyof typeof HISTOGRAMS;

/** Values that are read when the metrics are asked for. */
export const GAUGES = {
  build_info: { help: 'Always 1; the label says what runs.', labels: ['version'] },
  ready: { help: 'Whether /health/ready says 200.', labels: [] },
  alarm: {
    help: '1 for each alarm that stands at this moment.',
    labels: ['alarm'],
  },
  delivery_health_ratio: {
    help: 'Share of the attempts of the last ten minutes that do not speak against the push service; 1 if there was none.',
    labels: ['provider'],
  },
  last_delivery_timestamp_seconds: {
    help: 'When a wake was last delivered; 0 before the first.',
    labels: ['provider'],
  },
  last_event_timestamp_seconds: {
    help: 'When an event for a registered key last came; 0 before the first.',
    labels: [],
  },
  clock_skew_seconds: {
    help: 'Seconds that our clock is ahead of Google, or without Google of the relays; 0 if unknown.',
    labels: [],
  },
  data_dir_free_bytes: { help: 'Room on the disk of DATA_DIR.', labels: [] },
  registrations: { help: 'Registrations, by platform.', labels: ['platform'] },
  registrations_limit: { help: 'MAX_REGISTRATIONS.', labels: [] },
  store_open: { help: 'Whether the store can keep registrations: 1 or 0.', labels: [] },
  store_bytes: { help: "Size of the store's file.", labels: [] },
  seen_events: { help: 'Ids of events in the seen-set.', labels: [] },
  wakes_pending: { help: 'Wakes that wait or are under way.', labels: ['provider'] },
  devices_owed: { help: 'Devices that are owed a wake.', labels: ['provider'] },
  devices_held: {
    help: 'Devices of which a wake is held, or would be held now.',
    labels: [],
  },
  wake_policy: { help: 'Always 1; the label says the policy of the server.', labels: ['policy'] },
  devices_with_policy: {
    help: "Devices that have asked for another wake policy than the server's, by that policy.",
    labels: ['policy'],
  },
  wakes_counted: {
    help: 'Wakes of the last hour that count against the allowance of their device.',
    labels: [],
  },
  cohorts: {
    help: 'Cohorts, by how many places they have. A device and its former token share a place.',
    labels: ['places'],
  },
  cohort_members: {
    help: 'Devices in cohorts. unprotected: of a cohort that forms, or has fewer places than it should; protected: all others.',
    labels: ['state'],
  },
  cohort_members_lingering: {
    help: 'Devices that are woken with their cohort though their keys have expired.',
    labels: [],
  },
  chat_announcements_waiting: { help: 'Calls of /api/notify that wait for their tick.', labels: [] },
  lanes: {
    help: 'Lanes in use: one for FCM, and one for each UnifiedPush host with wakes or deliveries.',
    labels: ['provider'],
  },
  lanes_troubled: {
    help: 'Lanes that are paused by 429, down, full, or at which too many devices are called gone.',
    labels: ['provider', 'trouble'],
  },
  fleet_servers: {
    help: 'Servers that work as one on the same engine, this one included. 0 without STORE=redis.',
    labels: [],
  },
  relay_state: { help: '1 for the state that a relay is in, by its host.', labels: ['relay', 'state'] },
  relay_subscriptions_live: { help: 'Subscriptions past EOSE, by host of the relay.', labels: ['relay'] },
  relay_kinds_restricted: { help: 'Kinds that a relay does not serve, by its host.', labels: ['relay'] },
  relays_unproven: {
    help: 'Relays that Mostro instances name and that have not been live yet. The other gauges leave them out.',
    labels: [],
  },
  relay_known_events_bytes: {
    help: 'Memory for the record of known events of all relays with NIP-77. At 64 MiB the largest record loses its oldest part.',
    labels: [],
  },
  relay_recovering: { help: 'Kinds with a recovery under way, by host of the relay.', labels: ['relay'] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

export type GaugeName = keyof typeof GAUGES;
