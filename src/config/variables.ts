import { z } from 'zod';

import { DAY_MS, HOUR_MS, SECOND_MS } from '../core/basics/clock.ts';
import { WAKING_KINDS } from '../core/nostr/nostr-event.ts';
import { parseRelayUrl } from '../core/nostr/relay-url.ts';
import { HTTP_VARIABLES } from './http-variables.ts';
import { parseLogLevel, parseRustLog } from './log-level.ts';
import { parseMostroPubkey } from './mostro-pubkey.ts';
import { parseVapidPrivateKey } from './vapid-private-key.ts';
import { parseVapidSubject } from './vapid-subject.ts';
import {
  list,
  oneOf,
  onOff,
  httpUrl,
  path,
  port,
  optional,
  numberFromZero,
  positiveNumber,
  read,
  text,
  variable,
  wholeNumber,
  type Variable,
} from './variable.ts';

const YEAR_HOURS = 8760;
const TEN_YEARS_DAYS = 3650;
/** A timer of Node runs for 2^31 ms at the most, which is some 596 hours. */
const LONGEST_TIMER_HOURS = 500;

// A fragment means nothing to a relay, so here it is a slip.
const relayUrls = list('wss:// (or ws://) URLs, separated by commas', (url) =>
  url.includes('#') ? undefined : parseRelayUrl(url, { credentials: true }),
);
const mostroPubkeys = list('public keys, 64 hex characters or npub, separated by commas', parseMostroPubkey);
const kinds = list('kinds 1059 and 14, separated by commas', (kind) =>
  WAKING_KINDS.find((known) => String(known) === kind),
);
const privateKey = z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hex characters');
const vapidSubject = read('mailto: and an address, or an https: URL', parseVapidSubject);
const vapidPrivateKey = read(
  'a private key of P-256: 64 hex characters or 43 of base64url',
  parseVapidPrivateKey,
);
const logLevel = read('trace, debug, info, warn, error or off', parseLogLevel);

/** Every variable that the program reads (contract 7), in the order in which `.env.example` and the docs show them. */
export const VARIABLES = {
  NOSTR_RELAYS: variable('Relays to watch, separated by commas.', relayUrls, 'wss://relay.mostro.network'),
  NOSTR_KINDS: variable('Kinds to watch: 1059 is protocol v1, 14 is v2.', kinds, '1059,14'),
  MOSTRO_PUBKEYS: optional(
    'Public keys of Mostro instances, hex or npub, separated by commas: kind 14 then counts from them alone.',
    mostroPubkeys,
    // A private key in its place is a likely slip.
    { secret: true },
  ),
  MOSTRO_RELAY_DISCOVERY: variable(
    'Watch the relays that these instances publish (kind 10002) too, if they are wss and public. Needs MOSTRO_PUBKEYS.',
    onOff,
    'false',
  ),
  ...HTTP_VARIABLES,
  ADMIN_HOST: variable('Address of the admin listener: health and metrics.', text, '127.0.0.1'),
  // No default text: a default port that is taken is a warning, a chosen one an error.
  ADMIN_PORT: optional('Port of the admin listener; 0 takes a free one. Default: 9464.', port),
  DATA_DIR: variable('Directory for what the server keeps.', path, './data'),
  SERVER_PRIVATE_KEY: optional(
    "The server's key, 64 hex characters; else it is read from the key file.",
    privateKey,
    {
      secret: true,
    },
  ),
  SERVER_PRIVATE_KEY_PREVIOUS: optional(
    'The key before it, 64 hex characters: still opens tokens and the store, which is then resealed.',
    privateKey,
    { secret: true },
  ),
  SERVER_PRIVATE_KEY_FILE: optional(
    'The key file, made on the first start. Default: DATA_DIR/server.key.',
    path,
  ),
  STORE: variable(
    'Where registrations are kept: file keeps them, sealed, in DATA_DIR; memory keeps UnifiedPush endpoints alone over a restart.',
    oneOf('memory', 'file'),
    'memory',
  ),
  TOKEN_TTL_HOURS: variable(
    'Hours a registration lives after it was made or last woken.',
    positiveNumber(YEAR_HOURS),
    '48',
  ),
  TOKEN_MAX_AGE_DAYS: variable(
    'Days a registration lives at the most.',
    positiveNumber(TEN_YEARS_DAYS),
    '30',
  ),
  CLEANUP_INTERVAL_HOURS: variable(
    'Hours between sweeps for expired registrations.',
    positiveNumber(LONGEST_TIMER_HOURS),
    '1',
  ),
  MAX_REGISTRATIONS: variable('The most registrations kept.', wholeNumber(1, 10_000_000), '1000000'),
  FCM_ENABLED: variable('Push to Android and iOS through Firebase.', onOff, 'true'),
  FIREBASE_PROJECT_ID: optional('Firebase project. Default: the one in the key file.', text),
  FIREBASE_SERVICE_ACCOUNT_PATH: optional('Service account key file from the Firebase console.', path),
  FCM_BASE_URL: variable(
    'Where FCM is; another address only for tests.',
    httpUrl,
    'https://fcm.googleapis.com',
  ),
  FCM_PAYLOAD_MODE: variable(
    "silent wakes the app unseen; alert shows the incumbent's notice, for apps that were killed.",
    oneOf('silent', 'alert'),
    'silent',
  ),
  UNIFIEDPUSH_ENABLED: variable('Push to UnifiedPush endpoints (GrapheneOS, LineageOS).', onOff, 'true'),
  UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: variable(
    'Allow endpoints that are http or on private addresses, and discovered relays that are ws or there: for tests and home labs.',
    onOff,
    'false',
  ),
  VAPID_SUBJECT: optional(
    'Whom push servers may write to: mailto: or https:. Apple asks for it. Default: PUBLIC_URL, if it is https.',
    vapidSubject,
  ),
  VAPID_PRIVATE_KEY: optional(
    "Key that signs Web Push requests; another one ends every subscription. Default: derived from the server's key.",
    vapidPrivateKey,
    { secret: true },
  ),
  BATCH_DELAY_MS: variable(
    'Milliseconds after a wake in which further events for its device are gathered into one.',
    wholeNumber(0, HOUR_MS),
    '5000',
  ),
  COOLDOWN_MS: variable('The same after that one.', wholeNumber(0, HOUR_MS), '60000'),
  WAKE_DEADLINE_SECONDS: variable(
    'Seconds after which a wake is given up; its device is then owed one.',
    positiveNumber(DAY_MS / SECOND_MS),
    '600',
  ),
  GONE_CONFIRM_SECONDS: variable(
    'Least seconds between the two answers of a push service that forget a device: the first one could be its mistake.',
    numberFromZero(DAY_MS / SECOND_MS),
    '600',
  ),
  RETRY_MIN_MS: variable(
    'Least milliseconds before a failed wake is tried again; sixty times that after "too many". Change it only for tests.',
    wholeNumber(0, HOUR_MS),
    '1000',
  ),
  RETRY_BASE_MS: variable(
    'Bound of the random part of the first such wait; it doubles. Change it only for tests.',
    wholeNumber(0, HOUR_MS),
    '1000',
  ),
  SHUTDOWN_TIMEOUT_SECONDS: variable(
    'Seconds that pending wakes get when the server stops.',
    wholeNumber(0, 3600),
    '10',
  ),
  LOG_LEVEL: optional(
    'trace, debug, info, warn, error or off. RUST_LOG is understood too. Default: info.',
    logLevel,
  ),
  RUST_LOG: optional(
    "The incumbent's name for LOG_LEVEL, which wins if both are set.",
    text.transform(parseRustLog),
  ),
  LOG_FILE: optional(
    'Write the log to this file too, as to standard output. SIGHUP opens it anew, after a rotation.',
    path,
  ),
  LOG_FORMAT: optional('json, or pretty for people. Default: pretty on a terminal.', oneOf('json', 'pretty')),
} as const satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof VARIABLES;

/** What every variable came out as. */
export type Values = {
  readonly [Name in VariableName]:
    | z.output<(typeof VARIABLES)[Name]['schema']>
    | ((typeof VARIABLES)[Name]['default'] extends string ? never : undefined);
};
