import {
  httpUrl,
  inList,
  listenHost,
  oneOf,
  onOff,
  optional,
  port,
  read,
  text,
  variable,
  wholeNumber,
  type Variable,
} from './variable.ts';
import { originTrouble, parseOrigins } from './origins.ts';

/** 0 would refuse every client. The incumbent refuses 0 too. */
const perMinute = wholeNumber(1, 1_000_000_000);

const origins = inList(
  read('*, or origins such as https://app.example, separated by commas', parseOrigins, originTrouble),
);

/** The variables of the public HTTP API. */
export const HTTP_VARIABLES = {
  SERVER_HOST: variable('Address of the public HTTP API.', listenHost, '0.0.0.0'),
  SERVER_PORT: variable('Port of the public HTTP API; 0 means any free port.', port, '8080'),
  PUBLIC_URL: optional(
    'The URL under which clients reach this server. Signed registrations must name it. If unset, the Host header counts.',
    httpUrl,
  ),
  CORS_ALLOWED_ORIGINS: {
    ...variable(
      'Web pages that may call the API, by their origins, separated by commas: * for all of them. Empty: none.',
      origins,
      '*',
    ),
    takesEmpty: true,
  },
  ALLOW_PLAINTEXT_TOKENS: variable(
    "Accept tokens that are not sealed. Today's app sends such tokens.",
    onOff,
    'true',
  ),
  REGISTRATION_AUTH: variable(
    'Signed registrations (NIP-98): off, optional (a signed registration is owned), or required.',
    oneOf('off', 'optional', 'required'),
    'optional',
  ),
  TRUSTED_WHITELIST_ENABLED: variable(
    'Register devices only for the Mostro instances in MOSTRO_PUBKEYS. Clients must then name their instance.',
    onOff,
    'false',
  ),
  RATE_LIMIT_PER_MINUTE: variable(
    'Calls of register, unregister and test a minute, for each client address; five sixths of them at once.',
    perMinute,
    '120',
  ),
  NOTIFY_RATE_PER_PUBKEY_PER_MIN: variable(
    'Calls of notify a minute, for each trade key; ten at once.',
    perMinute,
    '30',
  ),
  NOTIFY_RATE_PER_IP_PER_MIN: variable(
    'Calls of notify a minute, for each client address; thirty at once.',
    perMinute,
    '120',
  ),
  NOTIFY_TRUST_PROXY_HEADERS: optional(
    'Take client addresses from Fly-Client-IP (on Fly.io) or from the rightmost X-Forwarded-For. Set it to true only behind a proxy that writes this header. Default: false.',
    onOff,
  ),
  TRUST_PROXY: optional('A short name of NOTIFY_TRUST_PROXY_HEADERS, which wins if both are set.', onOff),
  FLY_APP_NAME: optional('Set by Fly.io. If set, Fly-Client-IP is the header of the proxy.', text),
} as const satisfies Record<string, Variable<unknown>>;
