import {
  assembleConfig,
  ConfigError,
  readVariables,
  serverKeyFile,
  vapidSubject,
  type Config,
} from '../config/config.ts';
import { credentialIn } from '../config/credentials.ts';
import { incumbentNotes } from '../config/incumbent-variables.ts';
import type { Values } from '../config/variables.ts';
import {
  hasServerKeyFile,
  loadOrCreateServerKeyFile,
  readServerKeyFile,
  ServerKeyFileError,
} from '../crypto/server-key-file.ts';
import { parseServerKey, type ServerKey } from '../crypto/server-key.ts';
import {
  parseServiceAccount,
  readServiceAccount,
  readServiceAccountAgain,
  ServiceAccountError,
  type ServiceAccount,
} from '../push/fcm/service-account.ts';

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

const NO_SCALAR = "expected a scalar of secp256k1: neither 0 nor beyond the curve's order";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration, the server key and the Firebase key file.
 *
 * @param options.createKey whether to make a missing server key
 * @throws ConfigError with every problem at once, including the problems of the files
 */
export async function loadStartup(
  environment: Environment,
  options: { createKey: boolean },
): Promise<Startup> {
  const { values, problems: wrong } = readVariables(environment);
  const problems = [...wrong];
  const warnings = [...warningsFor(values), ...incumbentNotes(environment)];
  const credential = credentialIn(values);
  const serviceAccount = await collect(problems, credential?.variable ?? '', () =>
    loadServiceAccount(values),
  );
  const previousKey = readPreviousKey(values, problems);
  // The key is made last, and only if there is no problem so far, so that a refused start leaves no file behind.
  const createKey = options.createKey && problems.length === 0;
  const key = await collect(problems, 'SERVER_PRIVATE_KEY_FILE', () => loadServerKey(values, createKey));
  if (problems.length > 0) throw new ConfigError(problems);
  if (key?.warning !== undefined) warnings.push(key.warning);
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

async function loadServerKey(
  values: Partial<Values>,
  create: boolean,
): Promise<{ key: ServerKey; created: boolean; warning?: string } | undefined> {
  if (values.SERVER_PRIVATE_KEY !== undefined) {
    const key = parseServerKey(values.SERVER_PRIVATE_KEY);
    if (key === undefined) throw new ConfigError([`SERVER_PRIVATE_KEY: ${NO_SCALAR}`]);
    return { key, created: false };
  }
  // DATA_DIR is wrong and has been reported.
  if (values.DATA_DIR === undefined) return undefined;
  const file = serverKeyFile(values.DATA_DIR, values.SERVER_PRIVATE_KEY_FILE);
  if (create) return loadOrCreateServerKeyFile(file);
  return (await hasServerKeyFile(file)) ? { ...(await readServerKeyFile(file)), created: false } : undefined;
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
  if (values.TRUSTED_WHITELIST_ENABLED === true && values.MOSTRO_PUBKEYS === undefined) {
    warnings.push('TRUSTED_WHITELIST_ENABLED has no effect without MOSTRO_PUBKEYS');
  }
  if (values.REGISTRATION_AUTH !== 'off' && values.PUBLIC_URL === undefined) {
    warnings.push('PUBLIC_URL is not set: signed registrations are checked against the Host header alone');
  }
  if (values.FCM_PAYLOAD_MODE === 'alert' && wakesWithoutEvent(values)) {
    warnings.push(
      'FCM_PAYLOAD_MODE=alert shows a notice at every wake, also at those of cohorts and heartbeat without an event',
    );
  }
  return warnings;
}
