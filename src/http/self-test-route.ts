import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { z } from 'zod';

import { deviceOf } from '../core/registry/push-target.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import { TEST_OUTCOMES, type SelfTest } from '../core/waking/self-test.ts';
import { ApiError } from './api-error.ts';
import type { HttpLimits } from './http-limits.ts';
import type { RegistrationAuth } from './registration-auth.ts';
import { readTradePubkey, TradePubkeyBody } from './registration-body.ts';
import type { RouteDescription } from './route-description.ts';
import type { Turnstile } from './turnstile.ts';

export interface SelfTestRouteOptions {
  readonly registrations: Pick<Registrations, 'find'>;
  readonly selfTest: Pick<SelfTest, 'run'>;
  readonly auth: RegistrationAuth;
  readonly limits: Pick<HttpLimits, 'registration' | 'test'>;
  readonly turnstile: Turnstile;
}

const TEST: RouteDescription = {
  summary: 'Wake the own device once, and say what came of it',
  description: 'Must be signed with the trade key. The answer comes after ten seconds at the latest.',
  body: TradePubkeyBody,
  answers: { 200: z.object({ success: z.literal(true), outcome: z.enum(TEST_OUTCOMES) }) },
  failures: [
    'Invalid trade_pubkey format (expected 64 hex characters)',
    'Invalid authorization',
    'Not registered',
    'rate limited',
  ],
  isSignable: true,
};

/**
 * `POST /api/test` (contract 1.2). The signature comes before everything else that depends on the key: only its owner learns whether it is
 * registered, and nobody else can use up its allowance.
 */
export function selfTestRoute(
  app: FastifyInstance,
  { auth, limits, registrations, selfTest, turnstile }: SelfTestRouteOptions,
): void {
  const onRequest: onRequestHookHandler = (request, _reply, done) => {
    limits.registration(request);
    done();
  };
  app.post('/api/test', { config: { description: TEST }, onRequest }, async (request) => {
    const tradePubkey = readTradePubkey(request.body);
    await turnstile.enter();
    await auth.check(request, tradePubkey, 'required');
    const registration = await registrations.find(tradePubkey);
    if (registration === undefined) throw ApiError.of('Not registered');
    limits.test(tradePubkey, deviceOf(registration.target));
    return { success: true, outcome: await selfTest.run(registration) };
  });
}
