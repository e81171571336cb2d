import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { z } from 'zod';

import type { CohortSize } from '../core/cohorts/cohort-book.ts';
import type { PutResult } from '../core/registry/registration-store.ts';
import type { TradePubkey } from '../core/registry/trade-pubkey.ts';
import { PLATFORMS, type Platform, type PushTarget } from '../core/registry/push-target.ts';
import { WAKE_POLICIES } from '../core/registry/registration.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import { ApiError } from './api-error.ts';
import type { RouteDescription } from './route-description.ts';
import type { ClientNetworks } from './client-networks.ts';
import type { HttpLimits } from './http-limits.ts';
import type { RegistrationAuth } from './registration-auth.ts';
import {
  parseRegistration,
  readTradePubkey,
  REGISTRATION_FAILURES,
  RegistrationBody,
  TradePubkeyBody,
  type RegistrationRules,
} from './registration-body.ts';
import type { Turnstile } from './turnstile.ts';

export interface RegistrationRoutesOptions {
  readonly registrations: Registrations;
  readonly rules: RegistrationRules;
  readonly auth: RegistrationAuth;
  readonly limits: Pick<HttpLimits, 'registration'>;
  readonly networks: Pick<ClientNetworks, 'of'>;
  readonly turnstile: Turnstile;
  /** How large the cohort of a device is, or would be; absent where there are no cohorts. */
  readonly cohortSizeFor: ((target: PushTarget, platform: Platform) => CohortSize) | undefined;
}

const REGISTERED = 'Token registered successfully';
const UNREGISTERED = [
  'Token unregistered successfully',
  'Token not found (may have already been unregistered)',
] as const;

const REGISTER: RouteDescription = {
  summary: 'Point a trade key at a device',
  description: 'A known key gets the new device, and its time to live starts again.',
  body: RegistrationBody,
  answers: {
    200: z.object({
      success: z.literal(true),
      message: z.literal(REGISTERED),
      platform: z.enum(PLATFORMS),
      wake_policy: z
        .enum(WAKE_POLICIES)
        .optional()
        .describe('The wake policy that the request named; absent if it named none.'),
      cohort: z
        .object({ size: z.int(), members: z.int() })
        .optional()
        .describe(
          'Only if the request named `cohorts`: how many devices are to be woken together with this one, and how many there are by now. While they are fewer, the device is not protected.',
        ),
    }),
  },
  failures: [
    ...REGISTRATION_FAILURES,
    'Invalid authorization',
    'rate limited',
    'Registration capacity reached',
  ],
  isSignable: true,
};

const UNREGISTER: RouteDescription = {
  summary: 'Remove the registration of a trade key',
  body: TradePubkeyBody,
  answers: { 200: z.object({ success: z.literal(true), message: z.enum(UNREGISTERED) }) },
  failures: [
    'Invalid trade_pubkey format (expected 64 hex characters)',
    'Invalid authorization',
    'rate limited',
  ],
  isSignable: true,
};

/** `POST /api/register` and `POST /api/unregister` (contract 1.1, 1.3). The cheapest checks come first. */
export function registrationRoutes(app: FastifyInstance, options: RegistrationRoutesOptions): void {
  const { registrations, rules, auth, limits, networks, turnstile } = options;
  const onRequest: onRequestHookHandler = (request, _reply, done) => {
    limits.registration(request);
    done();
  };

  app.post('/api/register', { config: { description: REGISTER }, onRequest }, async (request) => {
    const tradePubkey = readTradePubkey(request.body);
    await turnstile.enter();
    const signed = await auth.check(request, tradePubkey);
    const requester = { signed, network: networks.of(request) };
    const isAdmitted = await registrations.admits(tradePubkey, requester);
    if (!isAdmitted) throw ApiError.of('Registration capacity reached');
    const { target, platform, ...named } = parseRegistration(tradePubkey, request.body, rules);
    const result = await registrations.register(tradePubkey, target, platform, { ...requester, ...named });
    if (result === 'full' || result === 'crowded') throw ApiError.of('Registration capacity reached');
    // An unsigned request for an owned key changed nothing and gets the same answer as a new key, so that the answer does not tell
    // which keys are registered (contract 1.3).
    const { wakePolicy } = named;
    const isMember = wakePolicy === 'cohorts';
    const cohort = isMember ? await cohortOf(options, tradePubkey, { target, platform }, result) : undefined;
    return {
      success: true,
      message: REGISTERED,
      platform,
      ...(wakePolicy !== undefined && { wake_policy: wakePolicy }),
      ...(cohort !== undefined && { cohort }),
    };
  });

  app.post('/api/unregister', { config: { description: UNREGISTER }, onRequest }, async (request) => {
    const tradePubkey = readTradePubkey(request.body);
    await turnstile.enter();
    const signed = await auth.check(request, tradePubkey);
    const wasRegistered = await registrations.unregister(tradePubkey, { signed });
    return { success: true, message: UNREGISTERED[wasRegistered ? 0 : 1] };
  });
}

/** The cohort that a request for `cohorts` is told of. A request for an owned key, which changed nothing, is told what an unknown key would be. */
async function cohortOf(
  { cohortSizeFor, registrations }: RegistrationRoutesOptions,
  tradePubkey: TradePubkey,
  { platform, target }: { readonly platform: Platform; readonly target: PushTarget },
  result: PutResult,
): Promise<CohortSize | undefined> {
  // The Web Push keys that the key had before may have stayed.
  const kept = (await registrations.find(tradePubkey))?.target ?? target;
  return cohortSizeFor?.(result === 'owned' ? target : kept, platform);
}
