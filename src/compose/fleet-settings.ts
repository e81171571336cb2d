import type { CompositionOptions } from './options.ts';
import type { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import type { FleetSettings } from '../fleet/engine/compare-settings.ts';

type Told = Pick<CompositionOptions, 'config' | 'previousKey'>;

/**
 * What all servers of a fleet must be told alike: any of them can have to do with any request, any registration and any device. Relays are
 * not among them: the servers bring one another the events. Nor are rate limits, which each server has for itself, and the account for FCM,
 * which has alarms of its own.
 *
 * @param instances those in force: a reload can change them
 */
export function fleetSettings(
  told: Told,
  instances: Pick<InstancePubkeys, 'all' | 'trusted'>,
): FleetSettings {
  return Object.fromEntries(
    Object.entries({
      MOSTRO_PUBKEYS: [...instances.all].toSorted(),
      TRUSTED_WHITELIST_ENABLED: instances.trusted !== undefined,
      ...ofRequests(told),
      ...ofPushes(told),
      ...ofWakes(told),
    }).map(([variable, value]) => [variable, JSON.stringify(value) ?? '']),
  );
}

function ofRequests({ config: { http, registrations, relays }, previousKey }: Told): Record<string, unknown> {
  const { allowPlaintextTokens, allowedOrigins, publicUrl, registrationAuth } = http;
  return {
    NOSTR_KINDS: relays.kinds.toSorted((a, b) => a - b),
    PUBLIC_URL: publicUrl,
    ALLOW_PLAINTEXT_TOKENS: allowPlaintextTokens,
    CORS_ALLOWED_ORIGINS: allowedOrigins,
    REGISTRATION_AUTH: registrationAuth,
    SERVER_PRIVATE_KEY_PREVIOUS: previousKey?.publicKeyHex,
    MAX_REGISTRATIONS: registrations.capacity,
    TOKEN_TTL_HOURS: registrations.lifetime.ttlMs,
    TOKEN_MAX_AGE_DAYS: registrations.lifetime.maxAgeMs,
  };
}

function ofPushes({ config: { fcm, unifiedPush, vapid } }: Told): Record<string, unknown> {
  return {
    FCM_ENABLED: fcm.enabled,
    FCM_PAYLOAD_MODE: fcm.payloadMode,
    FCM_DATA_TYPE: fcm.dataType,
    UNIFIEDPUSH_ENABLED: unifiedPush.enabled,
    UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: unifiedPush.allowPrivateEndpoints,
    UNIFIEDPUSH_ALLOWED_HOSTS: unifiedPush.allowedHosts,
    WEBPUSH_NOTICE_TITLE: unifiedPush.notice?.title,
    WEBPUSH_NOTICE_URL: unifiedPush.notice?.url,
    VAPID_SUBJECT: vapid.subject,
    VAPID_PRIVATE_KEY: vapid.privateKey?.reveal(),
  };
}

function ofWakes({ config: { policies, wakes } }: Told): Record<string, unknown> {
  return {
    WAKE_POLICY: policies.server,
    WAKE_POLICIES_OFFERED: policies.offered.toSorted(),
    WAKE_SLOT_SECONDS: policies.slotMs,
    WAKE_COHORT_SIZE: policies.cohortSize,
    WAKE_HEARTBEAT_MINUTES: policies.heartbeatMs,
    BATCH_DELAY_MS: wakes.batchDelayMs,
    COOLDOWN_MS: wakes.cooldownMs,
    WAKE_DEADLINE_SECONDS: wakes.deadlineMs,
    GONE_CONFIRM_SECONDS: wakes.goneConfirmMs,
    RETRY_MIN_MS: wakes.retry.minMs,
    RETRY_BASE_MS: wakes.retry.baseMs,
  };
}
