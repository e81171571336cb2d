import type { FastifyInstance } from 'fastify';

import type { Registrations } from '../core/registrations.ts';
import { ApiError } from './api-error.ts';
import { parseRegistration, parseUnregistration, type RegistrationRules } from './registration-body.ts';

export interface RegistrationRoutesOptions {
  readonly registrations: Registrations;
  readonly rules: RegistrationRules;
}

/** `POST /api/register` and `POST /api/unregister` (contract 1.1). */
export function registrationRoutes(
  app: FastifyInstance,
  { registrations, rules }: RegistrationRoutesOptions,
): void {
  app.post('/api/register', async (request) => {
    const { tradePubkey, target, platform } = parseRegistration(request.body, rules);
    const result = await registrations.register(tradePubkey, target, platform);
    if (result === 'full') throw ApiError.of('Registration capacity reached');
    return { success: true, message: 'Token registered successfully', platform };
  });

  app.post('/api/unregister', async (request) => {
    const wasRegistered = await registrations.unregister(parseUnregistration(request.body));
    const message = wasRegistered
      ? 'Token unregistered successfully'
      : 'Token not found (may have already been unregistered)';
    return { success: true, message };
  });
}
