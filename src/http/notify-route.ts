import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { z } from 'zod';

import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import type { RouteDescription } from './route-description.ts';
import type { HttpLimits } from './http-limits.ts';
import { readTradePubkey, TradePubkeyBody } from './registration-body.ts';

export const NOTIFY_PATH = '/api/notify';

export interface NotifyRouteOptions {
  readonly announcements: Pick<ChatAnnouncements, 'append'>;
  readonly limits: Pick<HttpLimits, 'notify' | 'notifyKey'>;
}

const NOTIFY: RouteDescription = {
  summary: 'Wake the device of a trade key, for a chat message',
  description: 'The answer is the same whether the key is registered or not.',
  body: TradePubkeyBody,
  answers: { 202: z.object({ accepted: z.literal(true) }) },
  failures: ['Invalid trade_pubkey format (expected 64 hex characters)', 'rate limited'],
  hasRequestId: true,
};

/**
 * `POST /api/notify` (contract 1, 1.2): the sender of a chat message asks for a wake of the other party's device. Nothing here may depend
 * on whether the key is registered: the answer is 202 before the key is looked up.
 */
export function notifyRoute(app: FastifyInstance, { announcements, limits }: NotifyRouteOptions): void {
  const onRequest: onRequestHookHandler = (request, _reply, done) => {
    limits.notify(request);
    done();
  };
  app.post(NOTIFY_PATH, { config: { description: NOTIFY }, onRequest }, async (request, reply) => {
    const tradePubkey = readTradePubkey(request.body);
    limits.notifyKey(tradePubkey);
    announcements.append(tradePubkey);
    reply.code(202);
    return { accepted: true };
  });
}
