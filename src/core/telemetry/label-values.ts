/**
 * The values that the labels of counters and histograms can have. Each combination is on the metrics page from the start, with 0:
 * Prometheus sees no increase in a series that begins at 1, so an alert would miss the first event of its kind. No value can hold a key, a
 * token, an endpoint, an address or an event id (contract 8).
 */

/** For each label, its values. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** The values that are known beforehand, of a label that may have others. A series with another value begins when it is first counted. */
const known = (...values: string[]): readonly string[] => values;

export const PROVIDERS = ['fcm', 'unifiedpush'] as const;
/** The kinds that are listened to by default. */
export const KINDS = known('1059', '14');
export const FRAME_FAULTS = ['binary', 'not_json', 'not_nip01', 'not_asked_for', 'too_long'] as const;
/** The prefixes of NIP-01, and `other`. */
export const CLOSED_REASONS = [
  'duplicate',
  'pow',
  'blocked',
  'rate-limited',
  'invalid',
  'restricted',
  'mute',
  'error',
  'auth-required',
  'unsupported',
  'other',
] as const;
export const RECONCILIATION_ENDS = [
  'complete',
  'lacking',
  'blocked',
  'closed',
  'other',
  'unanswered',
  'rubbish',
  'endless',
] as const;
export const EVENT_REJECTIONS = [
  'crowded',
  'malformed',
  'mismatched',
  'too_old',
  'expired',
  'other_author',
  'heartbeat',
  'forged',
  'undecided',
  'unverified',
  'not_new',
] as const;
/** What a push service or this server says of an attempt that did not deliver. `http_4xx` is any other status from 400 to 499. */
export const FAILURE_REASONS = known(
  'gone',
  'unreachable',
  'no_access_token',
  'unauthenticated',
  'third_party_auth',
  'sender_id_mismatch',
  'endpoint_not_allowed',
  'provider_fault',
  'vapid_http_401',
  'vapid_http_403',
  ...[400, 401, 403, 404, 405, 408, 410, 413, 429, 500, 502, 503, 504, 507].map((status) => `http_${status}`),
  'http_3xx',
  'http_4xx',
  'http_5xx',
);
/** The libraries that verify signatures. Each begins to be counted when it is loaded, with 0. */
export const CURVES = known();
export const ROUTES = known(
  '/api/health',
  '/api/info',
  '/api/status',
  '/api/openapi.json',
  '/api/register',
  '/api/unregister',
  '/api/notify',
  '/api/test',
  'unknown',
);
export const STATUSES = known(
  ...[200, 202, 204, 400, 401, 403, 404, 405, 408, 413, 415, 429, 431, 500, 503].map(String),
);
export const LIMITS = [
  'registration_address',
  'notify_address',
  'notify_key',
  'test_key',
  'test_device',
] as const;

/** Each combination of the values of these labels; one without any if there are no labels. */
export function combinations(labels: LabelValues): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (series, [label, values]) =>
      series.flatMap((each) => values.map((value) => ({ ...each, [label]: value }))),
    [{}],
  );
}
