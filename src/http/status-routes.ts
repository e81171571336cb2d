import { readFile } from 'node:fs/promises';

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { MINUTE_MS, SECOND_MS } from '../core/basics/clock.ts';
import type { CohortCounts } from '../core/cohorts/cohort-table.ts';
import type { Platform } from '../core/registry/push-target.ts';
import {
  WAKE_POLICIES,
  type RegistrationCounts,
  type WakePolicyName,
} from '../core/registry/registration.ts';
import type { RouteDescription } from './route-description.ts';

export interface StatusRoutesOptions {
  readonly version: string;
  /** 66 hex characters. Clients seal their tokens to this key. */
  readonly serverPubkey: string;
  /** The lengths that a sealed token may have, in bytes. The first is `encrypted_token_size`. */
  readonly sealedTokenSizes: readonly number[];
  readonly platforms: readonly Platform[];
  /** The key that an app subscribes with (RFC 8292). Absent if UnifiedPush is off. */
  readonly vapidPublicKey: string | undefined;
  readonly kinds: readonly number[];
  /** How long a registration lives after it was made or last woken. */
  readonly registrationTtlSeconds: number;
  /** `REGISTRATION_AUTH`. */
  readonly registrationAuth: string;
  readonly policies: PolicyOptions;
  /** The counts of cohorts; absent where there are none. */
  readonly cohorts: (() => CohortCounts) | undefined;
  readonly counts: () => RegistrationCounts;
  readonly relays: () => readonly RelayLine[];
}

/** The wake policies, and their measures (contract 9). */
export interface PolicyOptions {
  /** The policy of the server. */
  readonly server: WakePolicyName;
  readonly offered: readonly WakePolicyName[];
  readonly slotMs: number;
  readonly cohortSize: number;
  readonly heartbeatMs: number;
}

/** A relay in the status. Has nothing that may be a secret between the relay and the operator. */
export interface RelayLine {
  readonly url: string;
  readonly state: string;
  readonly served: readonly number[];
  readonly restricted: readonly { readonly kind: number; readonly reason: string }[];
  readonly recovering: readonly number[];
  readonly authentication: string;
  readonly reconnects: number;
  readonly discovered: boolean;
  /** Why there is no connection, and what helps; absent while there is one. */
  readonly lost?: { readonly reason: string; readonly remedy?: string };
}

const HEALTH: RouteDescription = {
  summary: 'Whether the process lives',
  description: 'Says nothing of relays or push services.',
  answers: { 200: z.object({ status: z.literal('ok') }) },
};

const INFO: RouteDescription = {
  summary: 'What a client must know',
  answers: {
    200: z.looseObject({
      server_pubkey: z
        .string()
        .meta({ description: 'What tokens are sealed to: 33 bytes, compressed, in hex.' }),
      version: z.string(),
      encrypted_token_size: z.int(),
      registration_ttl_seconds: z.int(),
      encryption_enabled: z.literal(true),
      encrypted_token_sizes: z.array(z.int()),
      kinds: z.array(z.int()),
      platforms: z.array(z.string()),
      vapid_public_key: z.string().optional(),
      registration_auth: z.enum(['off', 'optional', 'required']),
      wake_policy: z.enum(WAKE_POLICIES),
      wake_policies_offered: z.array(z.enum(WAKE_POLICIES)),
      wake_slot_seconds: z.number().optional(),
      wake_cohort_size: z.int().optional(),
      wake_heartbeat_minutes: z.number().optional(),
    }),
  },
};

const COUNT = z.int().min(0);
const TOKENS = {
  total: COUNT,
  android: COUNT,
  ios: COUNT,
  web: COUNT.optional(),
  webpush: COUNT,
} as const satisfies Record<keyof RegistrationCounts, z.ZodType>;
const STATUS: RouteDescription = {
  summary: 'How many registrations there are, and what each relay serves',
  answers: {
    200: z.looseObject({
      status: z.literal('running'),
      version: z.string(),
      server_pubkey: z.string(),
      tokens: z.looseObject(TOKENS),
      cohorts: z
        .object({ size: COUNT, cohorts: COUNT, members: COUNT, unprotected: COUNT })
        .optional()
        .describe(
          'Where a device can have the policy `cohorts`: how many there are, and how many devices are in cohorts that have fewer than `size`.',
        ),
      relays: z.array(z.looseObject({ url: z.string(), state: z.string() })),
    }),
  },
};

const OPENAPI: RouteDescription = {
  summary: 'This document',
  answers: { 200: z.looseObject({ openapi: z.string() }) },
};

/** `GET /api/health`, `/api/info`, `/api/status` and `/api/openapi.json`. The order of the fields is part of the contract (contract 1). */
export function statusRoutes(app: FastifyInstance, options: StatusRoutesOptions): void {
  const { version, serverPubkey, sealedTokenSizes, kinds, platforms, vapidPublicKey, registrationAuth } =
    options;
  const { cohorts, counts, policies, registrationTtlSeconds, relays } = options;
  const document = openApiDocument(version);

  // Liveness only: an app that gets any other answer stops using push for good.
  app.get('/api/health', { config: { description: HEALTH } }, async () => ({ status: 'ok' }));

  app.get('/api/info', { config: { description: INFO } }, async () => ({
    server_pubkey: serverPubkey,
    version,
    encrypted_token_size: sealedTokenSizes[0],
    registration_ttl_seconds: registrationTtlSeconds,
    encryption_enabled: true,
    encrypted_token_sizes: sealedTokenSizes,
    kinds,
    platforms,
    // JSON leaves the field out if it is undefined.
    vapid_public_key: vapidPublicKey,
    registration_auth: registrationAuth,
    ...policyFields(policies),
  }));

  app.get('/api/status', { config: { description: STATUS } }, async () => {
    const { total, android, ios, web, webpush } = counts();
    // The incumbent, too, shows `web` only while there is one.
    const tokens: Partial<RegistrationCounts> = { total, android, ios, ...(web > 0 && { web }), webpush };
    return {
      status: 'running',
      version,
      server_pubkey: serverPubkey,
      tokens,
      ...(cohorts !== undefined && { cohorts: cohortFields(cohorts(), policies) }),
      relays: relays().map(relayLine),
    };
  });

  app.get('/api/openapi.json', { config: { description: OPENAPI } }, async () => document());
}

/** How many devices linger is left out: who watches the number learns when somebody's last key expired. */
function cohortFields(
  { cohorts, members, unprotected }: CohortCounts,
  { cohortSize }: PolicyOptions,
): object {
  return { size: cohortSize, cohorts, members, unprotected };
}

/** Each measure is told where a device can have a policy that it matters for. */
function policyFields({ server, offered, slotMs, cohortSize, heartbeatMs }: PolicyOptions): object {
  const isUsed = (...names: WakePolicyName[]): boolean =>
    names.some((name) => name === server || offered.includes(name));
  return {
    wake_policy: server,
    wake_policies_offered: offered,
    ...(isUsed('slots', 'cohorts') && { wake_slot_seconds: slotMs / SECOND_MS }),
    ...(isUsed('cohorts') && { wake_cohort_size: cohortSize }),
    ...(isUsed('heartbeat') && { wake_heartbeat_minutes: heartbeatMs / MINUTE_MS }),
  };
}

function relayLine({
  url,
  state,
  served,
  restricted,
  recovering,
  authentication,
  reconnects,
  discovered,
  lost,
}: RelayLine): RelayLine & { readonly problem?: string; readonly remedy?: string } {
  const line = { url, state, served, restricted, recovering, authentication, reconnects, discovered };
  if (lost === undefined) return line;
  return { ...line, problem: lost.reason, ...(lost.remedy !== undefined && { remedy: lost.remedy }) };
}

/** Lies at the same place relative to the source and to the compiled program. A test compares it with the routes. */
const OPENAPI_FILE = new URL('../../docs/openapi.json', import.meta.url);

/**
 * The API's description (OpenAPI 3.1). It is a file, because building it from the routes takes longer than the rest of the start.
 *
 * @returns a function that reads the file at its first call, and gives its JSON with the version of this program
 */
function openApiDocument(version: string): () => Promise<string> {
  let text: string | undefined;
  return async () => {
    text ??= withVersion(await readFile(OPENAPI_FILE, 'utf8'), version);
    return text;
  };
}

function withVersion(written: string, version: string): string {
  const document = JSON.parse(written) as { info: object };
  return JSON.stringify({ ...document, info: { ...document.info, version } });
}
