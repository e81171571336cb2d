import { join } from 'node:path';

import type { z } from 'zod';

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/basics/clock.ts';
import { Secret } from '../core/basics/secret.ts';
import type { WakingKind } from '../core/nostr/nostr-event.ts';
import type { AllowedHost } from '../core/registry/allowed-host.ts';
import type { Lifetime, WakePolicyName } from '../core/registry/registration.ts';
import type { LogLevel } from '../core/telemetry/telemetry.ts';
import { credentialIn, keyFileOf } from './credentials.ts';
import { assembleOutgoing, type OutgoingConfig } from './network-variables.ts';
import type { AllowedOrigins } from './origins.ts';
import type { RedisAddress } from './redis-url.ts';
import { misfits } from './misfits.ts';
import { characterTrouble, textIn, type Variable } from './variable.ts';
import { unwrap } from './written-text.ts';
import { VARIABLES, type Values, type VariableName } from './variables.ts';

/** The whole configuration, checked: one section for each part of the program. */
export interface Config {
  readonly relays: { readonly urls: readonly string[]; readonly kinds: readonly WakingKind[] };
  /** The Mostro instances that this server works for, lower-case hex. An empty list means any instance. */
  readonly mostro: { readonly pubkeys: readonly string[]; readonly relayDiscovery: boolean };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly allowPlaintextTokens: boolean;
    /** Without a trailing slash. */
    readonly publicUrl: string | undefined;
    readonly addressSource: 'socket' | 'fly-client-ip' | 'x-forwarded-for';
    /** Requests a minute. */
    readonly rates: {
      readonly registrationPerAddress: number;
      readonly notifyPerKey: number;
      readonly notifyPerAddress: number;
    };
    readonly registrationAuth: 'off' | 'optional' | 'required';
    /** `CORS_ALLOWED_ORIGINS`. */
    readonly allowedOrigins: AllowedOrigins;
    /** Whether only devices of `mostro.pubkeys` may register. */
    readonly trustedInstancesOnly: boolean;
  };
  /** `required`: the operator chose the port, so the start fails if it is taken. */
  readonly admin: { readonly host: string; readonly port: number; readonly required: boolean };
  /** `DATA_DIR`. */
  readonly dataDirectory: string;
  readonly key: { readonly privateKey: Secret<string> | undefined; readonly file: string };
  readonly store: {
    readonly kind: 'memory' | 'file' | 'redis';
    readonly directory: string;
    /** `REDIS_URL`. There is one if `kind` is `redis`. */
    readonly engine: RedisAddress | undefined;
  };
  readonly registrations: {
    readonly lifetime: Lifetime;
    readonly sweepIntervalMs: number;
    readonly capacity: number;
  };
  readonly fcm: {
    readonly enabled: boolean;
    /** The path of the service account's key file; absent if a variable has its content. */
    readonly keyFile: string | undefined;
    readonly baseUrl: string;
    readonly payloadMode: 'silent' | 'alert';
    /** `FCM_DATA_TYPE`. */
    readonly dataType: string | undefined;
  };
  readonly unifiedPush: {
    readonly enabled: boolean;
    readonly allowPrivateEndpoints: boolean;
    /** `UNIFIEDPUSH_ALLOWED_HOSTS`. */
    readonly allowedHosts: readonly AllowedHost[];
    /** `WEBPUSH_NOTICE_TITLE`, `WEBPUSH_NOTICE_URL`: what browsers show for a wake. */
    readonly notice: { readonly title: string; readonly url: string } | undefined;
  };
  readonly outgoing: OutgoingConfig;
  /** `subject`: the contact for push servers. `privateKey`: 64 hex characters; if absent, a key is derived from the server's key. */
  readonly vapid: { readonly subject: string | undefined; readonly privateKey: Secret<string> | undefined };
  readonly policies: {
    /** `WAKE_POLICY`. */
    readonly server: WakePolicyName;
    /** `WAKE_POLICIES_OFFERED`, without the server's own. */
    readonly offered: readonly WakePolicyName[];
    readonly slotMs: number;
    readonly cohortSize: number;
    readonly heartbeatMs: number;
  };
  readonly wakes: {
    readonly batchDelayMs: number;
    readonly cooldownMs: number;
    readonly deadlineMs: number;
    /** The least time between the two strikes that evict a device. */
    readonly goneConfirmMs: number;
    readonly retry: { readonly minMs: number; readonly baseMs: number };
  };
  readonly shutdownTimeoutMs: number;
  readonly log: {
    readonly level: LogLevel;
    readonly format: 'json' | 'pretty' | undefined;
    /** `LOG_FILE`. */
    readonly file: string | undefined;
  };
}

/** The configuration is not usable. The error has every problem at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration is not usable:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

const DEFAULT_ADMIN_PORT = 9464;
const DEFAULT_CAPACITY = 1_000_000;

/** The values of the variables that are right, and a problem for each of the others. */
export interface ReadVariables {
  readonly values: Partial<Values>;
  readonly problems: readonly string[];
}

/** Reads every variable from the environment. A problem names the expected form and, unless the variable is secret, the value that is there. */
export function readVariables(environment: Readonly<Record<string, string | undefined>>): ReadVariables {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const one: Variable<unknown> = VARIABLES[name];
    const text = textIn(environment, name, one);
    const written = text === '' && one.takesEmpty !== true ? one.default : (text ?? one.default);
    if (written === undefined) continue;
    const result = read(one, written);
    const trouble = characterTrouble(one, written);
    if (result.success && trouble === undefined) values[name] = result.data;
    else problems.push(`${name}: ${problemOf(result.error, trouble, one.secret ? undefined : written)}`);
  }
  problems.push(...misfits(values, environment));
  return { values, problems };
}

/** Reads a value. If it cannot be read, it is read without the comment that a tool without comments (`docker --env-file`) has left behind it. */
function read({ schema }: Variable<unknown>, written: string): z.ZodSafeParseResult<unknown> {
  const result = schema.safeParse(written);
  if (result.success || !/\s#/.test(written)) return result;
  const bare = schema.safeParse(unwrap(written.replace(/\s#.*$/s, '')));
  return bare.success ? bare : result;
}

/** @param shown the text of the variable, if it is no secret */
function problemOf(
  error: z.ZodError | undefined,
  trouble: string | undefined,
  shown: string | undefined,
): string {
  const [expected = '', ...reasons] = error?.issues[0]?.message.split('; ') ?? [];
  if (reasons.length === 0 && shown?.includes('#')) reasons.push('a comment needs a space before its #');
  const said = trouble === undefined ? [`${expected}${quote(shown ?? '')}`, ...reasons] : [expected, trouble];
  return said.filter((part) => part !== '').join('; ');
}

/** The text of a variable, if it is short and plain enough to be shown: a slip can put a secret into any variable. */
function quote(written: string): string {
  return /^[\w.,:+ -]{1,24}$/.test(written) ? `, got "${written}"` : '';
}

/** The key file. It is used unless `SERVER_PRIVATE_KEY` is set. */
export function serverKeyFile(directory: string, file: string | undefined): string {
  return file ?? join(directory, 'server.key');
}

/** The contact that push servers get for this server, if there is one (contract 4). */
export function vapidSubject(values: Partial<Values>): string | undefined {
  const { PUBLIC_URL: publicUrl, VAPID_SUBJECT: subject } = values;
  return subject ?? (publicUrl?.startsWith('https:') ? publicUrl : undefined);
}

/** Makes the configuration from a full set of values (contract 7). */
export function assembleConfig(values: Values): Config {
  return {
    relays: { urls: values.NOSTR_RELAYS, kinds: values.NOSTR_KINDS },
    mostro: { pubkeys: values.MOSTRO_PUBKEYS ?? [], relayDiscovery: values.MOSTRO_RELAY_DISCOVERY },
    http: assembleHttp(values),
    admin: {
      host: values.ADMIN_HOST,
      port: values.ADMIN_PORT ?? DEFAULT_ADMIN_PORT,
      required: values.ADMIN_PORT !== undefined,
    },
    dataDirectory: values.DATA_DIR,
    key: {
      privateKey: secretOf(values.SERVER_PRIVATE_KEY),
      file: serverKeyFile(values.DATA_DIR, values.SERVER_PRIVATE_KEY_FILE),
    },
    store: { kind: values.STORE, directory: values.DATA_DIR, engine: values.REDIS_URL },
    registrations: {
      lifetime: { ttlMs: values.TOKEN_TTL_HOURS * HOUR_MS, maxAgeMs: values.TOKEN_MAX_AGE_DAYS * DAY_MS },
      sweepIntervalMs: values.CLEANUP_INTERVAL_HOURS * HOUR_MS,
      capacity: values.MAX_REGISTRATIONS ?? values.MAX_TOKENS ?? DEFAULT_CAPACITY,
    },
    fcm: {
      enabled: values.FCM_ENABLED,
      keyFile: keyFileOf(credentialIn(values)),
      baseUrl: values.FCM_BASE_URL,
      payloadMode: values.FCM_PAYLOAD_MODE,
      dataType: values.FCM_DATA_TYPE,
    },
    unifiedPush: {
      enabled: values.UNIFIEDPUSH_ENABLED,
      allowPrivateEndpoints: values.UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS,
      allowedHosts: values.UNIFIEDPUSH_ALLOWED_HOSTS ?? [],
      notice: noticeOf(values),
    },
    outgoing: assembleOutgoing(values),
    vapid: { subject: vapidSubject(values), privateKey: secretOf(values.VAPID_PRIVATE_KEY) },
    policies: assemblePolicies(values),
    wakes: assembleWakes(values),
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_SECONDS * SECOND_MS,
    log: assembleLog(values),
  };
}

function assembleHttp(values: Values): Config['http'] {
  const isProxied = values.NOTIFY_TRUST_PROXY_HEADERS ?? values.TRUST_PROXY ?? false;
  const header = values.FLY_APP_NAME === undefined ? 'x-forwarded-for' : 'fly-client-ip';
  return {
    host: values.SERVER_HOST,
    port: values.SERVER_PORT,
    allowPlaintextTokens: values.ALLOW_PLAINTEXT_TOKENS,
    publicUrl: values.PUBLIC_URL,
    addressSource: isProxied ? header : 'socket',
    rates: {
      registrationPerAddress: values.RATE_LIMIT_PER_MINUTE,
      notifyPerKey: values.NOTIFY_RATE_PER_PUBKEY_PER_MIN,
      notifyPerAddress: values.NOTIFY_RATE_PER_IP_PER_MIN,
    },
    registrationAuth: values.REGISTRATION_AUTH,
    allowedOrigins: values.CORS_ALLOWED_ORIGINS,
    trustedInstancesOnly: values.TRUSTED_WHITELIST_ENABLED,
  };
}

function noticeOf(values: Values): Config['unifiedPush']['notice'] {
  const { WEBPUSH_NOTICE_TITLE: title, WEBPUSH_NOTICE_URL: url } = values;
  return title === undefined || url === undefined ? undefined : { title, url };
}

function secretOf(value: string | undefined): Secret<string> | undefined {
  return value === undefined ? undefined : new Secret(value);
}

function assembleLog(values: Values): Config['log'] {
  const level = values.LOG_LEVEL ?? values.RUST_LOG ?? 'info';
  return { level, format: values.LOG_FORMAT, file: values.LOG_FILE };
}

function assemblePolicies(values: Values): Config['policies'] {
  const { WAKE_POLICIES_OFFERED: offered = [], WAKE_POLICY: server } = values;
  return {
    server,
    offered: offered.filter((policy) => policy !== server),
    slotMs: values.WAKE_SLOT_SECONDS * SECOND_MS,
    cohortSize: values.WAKE_COHORT_SIZE,
    heartbeatMs: Math.round(values.WAKE_HEARTBEAT_MINUTES * MINUTE_MS),
  };
}

function assembleWakes(values: Values): Config['wakes'] {
  return {
    batchDelayMs: values.BATCH_DELAY_MS,
    cooldownMs: values.COOLDOWN_MS,
    deadlineMs: values.WAKE_DEADLINE_SECONDS * SECOND_MS,
    goneConfirmMs: values.GONE_CONFIRM_SECONDS * SECOND_MS,
    retry: { minMs: values.RETRY_MIN_MS, baseMs: values.RETRY_BASE_MS },
  };
}
