import { z } from 'zod';

import { DAY_MS, HOUR_MS, SECOND_MS } from '../core/basics/clock.ts';
import { WAKING_KINDS } from '../core/nostr/nostr-event.ts';
import { distinctRelays, parseRelayUrl } from '../core/nostr/relay-url.ts';
import { readKeyText } from '../lib/key-text.ts';
import { HTTP_VARIABLES } from './http-variables.ts';
import { parseLogLevel, parseRustLog } from './log-level.ts';
import { parseMostroPubkey } from './mostro-pubkey.ts';
import { PUSH_VARIABLES } from './push-variables.ts';
import { parseRedisUrl } from './redis-url.ts';
import { WAKE_VARIABLES } from './wake-variables.ts';
import {
  list,
  listenHost,
  oneOf,
  onOff,
  httpTrouble,
  inList,
  path,
  port,
  optional,
  numberFromZero,
  positiveNumber,
  prose,
  read,
  text,
  urlTrouble,
  variable,
  wholeNumber,
  type Variable,
} from './variable.ts';
import { NETWORK_VARIABLES } from './network-variables.ts';

const YEAR_HOURS = 8760;
const TEN_YEARS_DAYS = 3650;
/** A timer of Node runs for at most 2^31 ms, which is some 596 hours. */
const LONGEST_TIMER_HOURS = 500;

const isRelay = (url: string): boolean => parseRelayUrl(url, { credentials: true }) !== undefined;
// A fragment means nothing to a relay, so it is a slip.
const relayTrouble = (url: string): string | undefined =>
  urlTrouble(url, 'wss', 'ws') ??
  (url.includes('#') ? 'a fragment is in it, which begins with #' : undefined);
const relayUrls = inList(
  list(
    'wss:// (or ws://) URLs, separated by commas',
    (url) => (relayTrouble(url) === undefined && isRelay(url) ? url : undefined),
    relayTrouble,
  ).transform(distinctRelays),
);
const mostroPubkeys = list('public keys, 64 hex characters or npub, separated by commas', parseMostroPubkey);
const kinds = list('kinds 1059 and 14, separated by commas', (kind) =>
  WAKING_KINDS.find((known) => String(known) === kind),
);
const privateKey = z.string().transform((written, context) => {
  const key = readKeyText(written);
  if ('hex' in key) return key.hex;
  context.addIssue({ code: 'custom', message: `expected 64 hex characters; ${key.trouble}` });
  return z.NEVER;
});
const noticeTitle = prose(
  z.string().regex(/^[^\p{C}]{1,100}$/u, 'expected at most 100 characters that can be printed'),
);
const noticeUrl = read(
  'an https:// (or http://) URL of at most 500 characters',
  (url) =>
    url.length <= 500 && httpTrouble(url) === undefined && URL.canParse(url) ? new URL(url).href : undefined,
  httpTrouble,
);
const redisUrl = z.string().transform((written, context) => {
  const result = parseRedisUrl(written);
  if (typeof result !== 'string') return result;
  context.addIssue({ code: 'custom', message: result });
  return z.NEVER;
});
const capacity = wholeNumber(1, 10_000_000);
const logLevel = read('trace, debug, info, warn, error or off', parseLogLevel);

/** Every variable that the program reads (contract 7), in the order in which `.env.example` and the docs show them. */
export const VARIABLES = {
  NOSTR_RELAYS: variable('Relays to watch, separated by commas.', relayUrls, 'wss://relay.mostro.network'),
  NOSTR_KINDS: variable('Kinds of events to watch: 1059 is protocol v1, 14 is v2.', kinds, '1059,14'),
  MOSTRO_PUBKEYS: optional(
    'Public keys of Mostro instances, hex or npub, separated by commas. If set, only their kind 14 events count.',
    mostroPubkeys,
    // An operator may paste a private key here by mistake.
    { secret: true },
  ),
  MOSTRO_RELAY_DISCOVERY: variable(
    'Also watch the relays that these instances publish (kind 10002), if they are wss and public. Needs MOSTRO_PUBKEYS.',
    onOff,
    'false',
  ),
  ...HTTP_VARIABLES,
  ...NETWORK_VARIABLES,
  ADMIN_HOST: variable(
    'Address of the admin listener: dashboard, health and metrics.',
    listenHost,
    '127.0.0.1',
  ),
  // There is no default text: if the default port is taken, that is a warning; if a chosen port is taken, that is an error.
  ADMIN_PORT: optional('Port of the admin listener; 0 means any free port. Default: 9464.', port),
  DATA_DIR: variable("Directory for the server's files.", path, './data'),
  SERVER_PRIVATE_KEY: optional(
    "The server's private key, 64 hex characters. If unset, it is read from the key file.",
    privateKey,
    {
      secret: true,
    },
  ),
  SERVER_PRIVATE_KEY_PREVIOUS: optional(
    "The server's key before the present one, 64 hex characters. It still opens tokens, and the store, which is then resealed.",
    privateKey,
    { secret: true },
  ),
  SERVER_PRIVATE_KEY_FILE: optional(
    'The file with the private key. The first start makes it. Default: DATA_DIR/server.key.',
    path,
  ),
  STORE: variable(
    'Where registrations are kept. redis: sealed in Redis or Valkey, shared by several servers. file: sealed in DATA_DIR. Both over a restart. memory: only UnifiedPush endpoints survive a restart.',
    oneOf('memory', 'file', 'redis'),
    'memory',
  ),
  REDIS_URL: optional(
    'The Redis (7.0 or newer) or Valkey (7.2 or newer) of STORE=redis: redis://user:password@host:port/database, or rediss:// for TLS.',
    redisUrl,
    { secret: true },
  ),
  TOKEN_TTL_HOURS: variable(
    'Hours that a registration lives after it was made or last woken.',
    positiveNumber(YEAR_HOURS),
    '48',
  ),
  TOKEN_MAX_AGE_DAYS: variable(
    'Days that a registration lives at most after the app last registered it.',
    positiveNumber(TEN_YEARS_DAYS),
    '30',
  ),
  CLEANUP_INTERVAL_HOURS: variable(
    'Hours between two removals of expired registrations.',
    positiveNumber(LONGEST_TIMER_HOURS),
    '1',
  ),
  MAX_REGISTRATIONS: optional('The most registrations that are kept. Default: 1000000.', capacity),
  MAX_TOKENS: optional("The Rust server's name of MAX_REGISTRATIONS, which wins if both are set.", capacity),
  ...PUSH_VARIABLES,
  ...WAKE_VARIABLES,
  WEBPUSH_NOTICE_TITLE: optional(
    'A notice that browsers show for each wake of a Web Push subscription, if the page shows none. All wakes have the same. Needs WEBPUSH_NOTICE_URL.',
    noticeTitle,
  ),
  WEBPUSH_NOTICE_URL: optional('The page that the notice opens. Needs WEBPUSH_NOTICE_TITLE.', noticeUrl),
  BATCH_DELAY_MS: variable(
    'Milliseconds after a wake in which further events for its device are grouped into one wake.',
    wholeNumber(0, HOUR_MS),
    '5000',
  ),
  COOLDOWN_MS: variable(
    'After that wake, the interval in milliseconds at which further events are grouped.',
    wholeNumber(0, HOUR_MS),
    '60000',
  ),
  WAKE_DEADLINE_SECONDS: variable(
    'Seconds after which a wake that fails is no longer retried. Its device is then owed one wake.',
    positiveNumber(DAY_MS / SECOND_MS),
    '600',
  ),
  GONE_CONFIRM_SECONDS: variable(
    'A device is evicted when its push service has called it gone twice, at least this many seconds apart. The first answer could be a mistake.',
    numberFromZero(DAY_MS / SECOND_MS),
    '600',
  ),
  RETRY_MIN_MS: variable(
    'The least milliseconds before a failed wake is tried again; sixty times that after a 429. Change it only for tests.',
    wholeNumber(0, HOUR_MS),
    '1000',
  ),
  RETRY_BASE_MS: variable(
    'The most milliseconds of the random part of the first such wait. The bound doubles with each wait. Change it only for tests.',
    wholeNumber(0, HOUR_MS),
    '1000',
  ),
  SHUTDOWN_TIMEOUT_SECONDS: variable(
    'Seconds for pending wakes when the server stops.',
    wholeNumber(0, 3600),
    '10',
  ),
  LOG_LEVEL: optional(
    'trace, debug, info, warn, error or off. RUST_LOG is understood too. Default: info.',
    logLevel,
  ),
  RUST_LOG: optional(
    "The Rust server's name of LOG_LEVEL, which wins if both are set.",
    text.transform(parseRustLog),
  ),
  LOG_FILE: optional(
    'A file to which the log is written too. SIGHUP opens it again, after a rotation.',
    path,
  ),
  LOG_FORMAT: optional(
    'json, or pretty for people to read. Default: pretty on a terminal, otherwise json.',
    oneOf('json', 'pretty'),
  ),
} as const satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof VARIABLES;

/** The value of every variable. */
export type Values = {
  readonly [Name in VariableName]:
    | z.output<(typeof VARIABLES)[Name]['schema']>
    | ((typeof VARIABLES)[Name]['default'] extends string ? never : undefined);
};
