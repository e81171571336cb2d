import { stat } from 'node:fs/promises';

import {
  assembleConfig,
  ConfigError,
  readVariables,
  serverKeyFile,
  vapidSubject,
  type Config,
} from '../config/config.ts';
import { credentialIn, keyFileOf } from '../config/credentials.ts';
import { isRefusedByApple } from '../config/vapid.ts';
import { incumbentNotes } from '../config/incumbent-variables.ts';
import type { Values } from '../config/variables.ts';
import {
  hasServerKeyFile,
  loadOrCreateServerKeyFile,
  readServerKeyFile,
  ServerKeyFileError,
  type LoadedServerKey,
} from '../crypto/server-key-file.ts';
import { knownToOthers, parseServerKey, type ServerKey } from '../crypto/server-key.ts';
import { isOpenToAll, remedyForRights } from '../lib/file-rights.ts';
import {
  parseServiceAccount,
  readServiceAccount,
  readServiceAccountAgain,
  ServiceAccountError,
  type ServiceAccount,
} from '../push/fcm/service-account.ts';
import { wayOutNotes } from './way-out-notes.ts';

/** The configuration, the keys and the credentials, as read before the server starts. */
export interface Startup {
  readonly config: Config;
  /** Absent only if there is no key file yet and `createKey` was false. */
  readonly serverKey: ServerKey | undefined;
  /** `SERVER_PRIVATE_KEY_PREVIOUS`. */
  readonly previousKey: ServerKey | undefined;
  readonly serviceAccount: ServiceAccount | undefined;
  /** Reads the service account's key file again. @throws ServiceAccountError if the file is not usable */
  readonly readServiceAccount: () => Promise<ServiceAccount | undefined>;
  readonly keyCreated: boolean;
  /** Sentences for the operator. None of them stops the start. */
  readonly warnings: readonly string[];
}

const GUESSED =
  'everybody knows or guesses this key, and can open all tokens; make a new one with: mostro-push keygen';
const NO_SCALAR = "expected a scalar of secp256k1: neither 0 nor beyond the curve's order";

type Environment = Readonly<Record<string, string | undefined>>;

interface LoadOptions {
  /** Whether to make a missing server key. */
  readonly createKey: boolean;
  /** Problems that were found before, so that all are told at once. */
  readonly problems?: readonly string[];
}

/**
 * Reads the configuration, the server key and the Firebase key file.
 *
 * @throws ConfigError with every problem at once, including the problems of the files
 */
export async function loadStartup(environment: Environment, options: LoadOptions): Promise<Startup> {
  const { values, problems: wrong } = readVariables(environment);
  const problems = [...(options.problems ?? []), ...wrong];
  const warnings = [
    ...warningsFor(values),
    ...wayOutNotes(values, environment),
    ...incumbentNotes(environment),
  ];
  const credential = credentialIn(values);
  const serviceAccount = await collect(problems, credential?.variable ?? '', () =>
    loadServiceAccount(values),
  );
  const previousKey = readPreviousKey(values, problems);
  // The key is made last, and only if there is no problem so far, so that a refused start leaves no file behind.
  const createKey = options.createKey && problems.length === 0;
  const key = await collect(problems, 'SERVER_PRIVATE_KEY_FILE', () => loadServerKey(values, createKey));
  if (problems.length > 0) throw new ConfigError(problems);
  warnings.push(...keyWarnings(key), ...(await accountWarnings(values, serviceAccount)));
  warnings.push(...rotationNotes(values, previousKey));
  const config = assembleConfig(values as Values);
  return {
    config,
    serverKey: key?.key,
    previousKey,
    serviceAccount,
    readServiceAccount: () => loadServiceAccount(values, readServiceAccountAgain),
    keyCreated: key?.created ?? false,
    warnings,
  };
}

/** Runs one part of the start. If it throws a problem for the operator, adds that to the problems. */
async function collect<Part>(
  problems: string[],
  variable: string,
  load: () => Promise<Part>,
): Promise<Part | undefined> {
  try {
    return await load();
  } catch (error) {
    if (
      !(
        error instanceof ServerKeyFileError ||
        error instanceof ServiceAccountError ||
        error instanceof ConfigError
      )
    ) {
      throw error;
    }
    problems.push(...(error instanceof ConfigError ? error.problems : [`${variable}: ${error.message}`]));
    return undefined;
  }
}

function readPreviousKey(values: Partial<Values>, problems: string[]): ServerKey | undefined {
  const { SERVER_PRIVATE_KEY_PREVIOUS: written } = values;
  const key = written === undefined ? undefined : parseServerKey(written);
  if (written !== undefined && key === undefined) problems.push(`SERVER_PRIVATE_KEY_PREVIOUS: ${NO_SCALAR}`);
  return key;
}

async function loadServiceAccount(
  values: Partial<Values>,
  read = readServiceAccount,
): Promise<ServiceAccount | undefined> {
  const { FCM_ENABLED: enabled, FIREBASE_PROJECT_ID: project } = values;
  const credential = credentialIn(values);
  // Read also if FCM_ENABLED itself is wrong, so that every problem is reported at once.
  if (enabled === false || credential === undefined) return undefined;
  return credential.variable === 'FIREBASE_SERVICE_ACCOUNT_JSON'
    ? parseServiceAccount(credential.written, project)
    : read(credential.written, project);
}

async function loadServerKey(values: Partial<Values>, create: boolean): Promise<LoadedServerKey | undefined> {
  if (values.SERVER_PRIVATE_KEY !== undefined) {
    const key = parseServerKey(values.SERVER_PRIVATE_KEY);
    if (key === undefined) throw new ConfigError([`SERVER_PRIVATE_KEY: ${NO_SCALAR}`]);
    if (knownToOthers(key) === 'guessed') throw new ConfigError([`SERVER_PRIVATE_KEY: ${GUESSED}`]);
    return { key, created: false };
  }
  // DATA_DIR is wrong and has been reported.
  if (values.DATA_DIR === undefined) return undefined;
  const file = serverKeyFile(values.DATA_DIR, values.SERVER_PRIVATE_KEY_FILE);
  if (!create && !(await hasServerKeyFile(file))) return undefined;
  const loaded = create
    ? await loadOrCreateServerKeyFile(file)
    : { ...(await readServerKeyFile(file)), created: false };
  if (knownToOthers(loaded.key) === 'guessed') throw new ServerKeyFileError(`${file}: ${GUESSED}`);
  return loaded;
}

function keyWarnings(loaded: Pick<LoadedServerKey, 'key' | 'warning'> | undefined): string[] {
  if (loaded === undefined) return [];
  const isPublished = knownToOthers(loaded.key) === 'published';
  return [
    ...(loaded.warning === undefined ? [] : [loaded.warning]),
    ...(isPublished
      ? ["the server's key is one of test vectors or a pattern, and others know it: use it for tests alone"]
      : []),
  ];
}

/** A warning if every user can read the Firebase key file. */
async function accountWarnings(
  values: Partial<Values>,
  account: ServiceAccount | undefined,
): Promise<string[]> {
  const path = keyFileOf(credentialIn(values));
  const file =
    path === undefined || account === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || file === undefined || !isOpenToAll(file.mode)) return [];
  return [
    `the Firebase key file ${path} can be read by every user of this machine; ${await remedyForRights(path, 'chmod o-r')}`,
  ];
}

/** While both server keys are set, each has a Web Push key. Apps that subscribe now use the new one. */
function rotationNotes(values: Partial<Values>, previousKey: ServerKey | undefined): string[] {
  const isRotating = previousKey !== undefined && values.VAPID_PRIVATE_KEY === undefined;
  return isRotating && values.UNIFIEDPUSH_ENABLED === true
    ? [
        'Web Push subscriptions from before the change of the server key are woken only while SERVER_PRIVATE_KEY_PREVIOUS is set, and at the second attempt; to keep them, put the line of mostro-push keygen --vapid into .env',
      ]
    : [];
}

/** Whether a device can be woken although there is no event for it. */
function wakesWithoutEvent({
  WAKE_POLICIES_OFFERED: offered = [],
  WAKE_POLICY: policy,
}: Partial<Values>): boolean {
  return [policy, ...offered].some((name) => name === 'cohorts' || name === 'heartbeat');
}

const WILDCARD = /^(?:0\.0\.0\.0|0|\*|(?:\[)?::(?:\])?|(?:\[)?::0(?:\])?|::ffff:0\.0\.0\.0)$/;

/** Whether clients may reach the server beside the proxy whose headers are believed. On Fly.io only its proxy reaches the machine. */
function isForgeable({
  FLY_APP_NAME: fly,
  NOTIFY_TRUST_PROXY_HEADERS: trusts,
  SERVER_HOST: host = '',
  TRUST_PROXY: alias,
}: Partial<Values>): boolean {
  return (trusts ?? alias ?? false) && fly === undefined && WILDCARD.test(host);
}

function warningsFor(values: Partial<Values>): string[] {
  const warnings: string[] = [];
  if (values.FCM_ENABLED === false && values.UNIFIEDPUSH_ENABLED === false) {
    warnings.push('FCM_ENABLED and UNIFIEDPUSH_ENABLED are both false: no device can register');
  }
  if (values.FCM_ENABLED === true && credentialIn(values) === undefined) {
    warnings.push('FCM waits for credentials: set FIREBASE_SERVICE_ACCOUNT_PATH, or FCM_ENABLED=false');
  }
  if (values.UNIFIEDPUSH_ENABLED === true && vapidSubject(values) === undefined) {
    warnings.push('Apple refuses Web Push without a contact: set VAPID_SUBJECT=mailto:you@your.domain');
  }
  const contact = values.UNIFIEDPUSH_ENABLED === true ? vapidSubject(values) : undefined;
  if (contact !== undefined && isRefusedByApple(contact)) {
    const variable = values.VAPID_SUBJECT === undefined ? 'PUBLIC_URL' : 'VAPID_SUBJECT';
    warnings.push(
      `Apple refuses the contact of Web Push in ${variable}, because its host is not one of the internet: set VAPID_SUBJECT=mailto:you@your.domain`,
    );
  }
  if (values.TRUSTED_WHITELIST_ENABLED === true && values.MOSTRO_PUBKEYS === undefined) {
    warnings.push('TRUSTED_WHITELIST_ENABLED has no effect without MOSTRO_PUBKEYS');
  }
  if (values.REGISTRATION_AUTH !== 'off' && values.PUBLIC_URL === undefined) {
    warnings.push('PUBLIC_URL is not set: signed registrations are checked against the Host header alone');
  }
  if (isForgeable(values)) {
    warnings.push(
      `client addresses are believed (NOTIFY_TRUST_PROXY_HEADERS) and the HTTP API listens on every address (SERVER_HOST=${values.SERVER_HOST}): whoever reaches port ${values.SERVER_PORT} beside the proxy invents an address for each request and has no limit. Set SERVER_HOST=127.0.0.1; in a container, publish the port as 127.0.0.1:${values.SERVER_PORT}:${values.SERVER_PORT}`,
    );
  }
  if (values.FCM_PAYLOAD_MODE === 'alert' && wakesWithoutEvent(values)) {
    warnings.push(
      'FCM_PAYLOAD_MODE=alert shows a notice at every wake, also at those of cohorts and heartbeat without an event',
    );
  }
  return warnings;
}
