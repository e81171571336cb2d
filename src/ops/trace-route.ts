import type { FastifyInstance } from 'fastify';

import type { Registration } from '../core/registry/registration.ts';
import type { Traces } from '../core/telemetry/traces.ts';
import { parseTradePubkey, type TradePubkey } from '../core/registry/trade-pubkey.ts';
import { AdminTokenError, type AdminToken } from './admin-token.ts';

export interface TraceSources {
  readonly token: AdminToken;
  readonly traces: Traces;
  readonly find: (tradePubkey: TradePubkey) => Promise<Registration | undefined>;
}

/** The answer to a trace. Times are milliseconds since the epoch. */
export interface TraceAnswer {
  /** Absent while the key is not registered. */
  readonly registration?: {
    readonly platform: string;
    readonly provider: string;
    readonly registered_at: number;
    readonly expires_at: number;
    readonly woken: boolean;
  };
  readonly followed_until: number;
  readonly steps: readonly { readonly at: number; readonly step: string; readonly detail?: string }[];
}

/**
 * `POST /trace {"trade_pubkey"}` with the admin token: follows the key from now on, and answers with the steps seen so far. The key is in
 * the body, because URLs end up in logs. The answer contains neither the key nor the device's token or endpoint.
 */
export function traceRoute(app: FastifyInstance, { find, token, traces }: TraceSources): void {
  app.post('/trace', async (request, reply) => {
    try {
      const presented = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!(await token.accepts(presented)))
        return await reply
          .code(401)
          .header('www-authenticate', 'Bearer')
          .send({ message: 'Needs the bearer token in DATA_DIR/admin.token' });
    } catch (error) {
      if (!(error instanceof AdminTokenError)) throw error;
      return reply.code(503).send({ message: error.message });
    }
    const { trade_pubkey: written } = (request.body ?? {}) as { trade_pubkey?: unknown };
    const key = parseTradePubkey(written);
    if (key === undefined)
      return reply.code(400).send({ message: 'Invalid trade_pubkey format (expected 64 hex characters)' });
    const { steps, until } = traces.follow(key);
    const registration = await find(key);
    const answer: TraceAnswer = {
      ...(registration && { registration: lines(registration) }),
      followed_until: until,
      steps,
    };
    return reply.send(answer);
  });
}

function lines({
  expiresAt,
  platform,
  registeredAt,
  target,
  woken,
}: Registration): NonNullable<TraceAnswer['registration']> {
  return {
    platform,
    provider: target.type,
    registered_at: registeredAt,
    expires_at: expiresAt,
    woken,
  };
}
