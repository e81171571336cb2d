import { expect, test } from 'vitest';

import { assembleConfig, readVariables } from '../config/config.ts';
import { VARIABLES, type Values } from '../config/variables.ts';
import { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import { parseServerKey } from '../crypto/server-key.ts';
import type { FleetSettings } from '../fleet/engine/compare-settings.ts';
import { fleetSettings } from './fleet-settings.ts';

/** Another value than the default for each variable that must be the same at all servers. */
const OTHERS: Readonly<Record<string, string>> = {
  NOSTR_KINDS: '14',
  MOSTRO_PUBKEYS: 'ab'.repeat(32),
  TRUSTED_WHITELIST_ENABLED: 'true',
  PUBLIC_URL: 'http://push.example',
  ALLOW_PLAINTEXT_TOKENS: 'false',
  CORS_ALLOWED_ORIGINS: 'https://app.example',
  REGISTRATION_AUTH: 'required',
  SERVER_PRIVATE_KEY_PREVIOUS: '7d'.repeat(32),
  MAX_REGISTRATIONS: '10',
  TOKEN_TTL_HOURS: '1',
  TOKEN_MAX_AGE_DAYS: '3',
  FCM_ENABLED: 'false',
  FCM_PAYLOAD_MODE: 'alert',
  FCM_DATA_TYPE: 'other',
  UNIFIEDPUSH_ENABLED: 'false',
  UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
  UNIFIEDPUSH_ALLOWED_HOSTS: 'ntfy.lan',
  WEBPUSH_NOTICE_TITLE: 'other',
  WEBPUSH_NOTICE_URL: 'https://other.example/',
  VAPID_SUBJECT: 'mailto:me@example.org',
  VAPID_PRIVATE_KEY: '3f'.repeat(32),
  WAKE_POLICY: 'slots',
  WAKE_POLICIES_OFFERED: 'slots',
  WAKE_SLOT_SECONDS: '10',
  WAKE_COHORT_SIZE: '4',
  WAKE_HEARTBEAT_MINUTES: '30',
  BATCH_DELAY_MS: '1',
  COOLDOWN_MS: '1',
  WAKE_DEADLINE_SECONDS: '60',
  GONE_CONFIRM_SECONDS: '60',
  RETRY_MIN_MS: '5',
  RETRY_BASE_MS: '5',
};

/** What belongs to one server, or has the same meaning as another variable. */
const OF_ONE_SERVER =
  'NOSTR_RELAYS MOSTRO_RELAY_DISCOVERY SERVER_HOST SERVER_PORT ' +
  'ADMIN_HOST ADMIN_PORT DATA_DIR SERVER_PRIVATE_KEY ' +
  'SERVER_PRIVATE_KEY_FILE STORE REDIS_URL SHUTDOWN_TIMEOUT_SECONDS ' +
  'RATE_LIMIT_PER_MINUTE NOTIFY_RATE_PER_PUBKEY_PER_MIN NOTIFY_RATE_PER_IP_PER_MIN NOTIFY_TRUST_PROXY_HEADERS ' +
  'TRUST_PROXY FLY_APP_NAME HTTPS_PROXY NO_PROXY ' +
  'TOR_SOCKS FIREBASE_PROJECT_ID FIREBASE_SERVICE_ACCOUNT_JSON FIREBASE_SERVICE_ACCOUNT_PATH ' +
  'FCM_BASE_URL GOOGLE_APPLICATION_CREDENTIALS CLEANUP_INTERVAL_HOURS MAX_TOKENS ' +
  'LOG_LEVEL RUST_LOG LOG_FILE LOG_FORMAT';

/** Values without which another one would be a misfit. */
const BESIDE = {
  WEBPUSH_NOTICE_TITLE: 'title',
  WEBPUSH_NOTICE_URL: 'https://app.example/',
  MOSTRO_PUBKEYS: 'cd'.repeat(32),
  STORE: 'file',
};

function told(environment: Record<string, string>): FleetSettings {
  const { problems, values } = readVariables({ ...BESIDE, ...environment });
  expect(problems).toEqual([]);
  const config = assembleConfig(values as Values);
  const previousKey = parseServerKey(environment['SERVER_PRIVATE_KEY_PREVIOUS'] ?? '');
  const instances = new InstancePubkeys(config.mostro.pubkeys, config.http.trustedInstancesOnly);
  return fleetSettings({ config, previousKey }, instances);
}

test.each(Object.entries(OTHERS))(
  'servers of a fleet that differ in %s differ in nothing more',
  (variable, value) => {
    const [some, others] = [told({}), told({ [variable]: value })];
    const differing = Object.keys(some).filter((name) => some[name] !== others[name]);
    expect(differing).toEqual([variable]);
  },
);

test('each variable is compared, or is one in which servers of a fleet may differ', () => {
  expect(Object.keys(told({})).toSorted()).toEqual(Object.keys(OTHERS).toSorted());
  expect([...Object.keys(OTHERS), ...OF_ONE_SERVER.split(' ')].toSorted()).toEqual(
    Object.keys(VARIABLES).toSorted(),
  );
});
