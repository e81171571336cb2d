import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { z } from 'zod';

import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import type { RouteDescription } from './route-description.ts';
import type { HttpLimits } from './http-limits.ts';
import { parseUnregistration, UnregistrationBody } from './registration-body.ts';

export const NOTIFY_PATH = '/api/notify';

export interface NotifyRouteOptions {
  readonly announcements: Pick<ChatAnnouncements, 'append'>;
  readonly limits: Pick<HttpLimits, 'notify' | 'notifyKey'>;
}

const NOTIFY: RouteDescription = {
  summary: 'Wake the device of a trade key, for a chat message',
  description: 'The answer is the same whether the key is registered or not.',
  body: UnregistrationBody,
  answers: { 202: z.object({ accepted: z.literal(true) }) },
  failures: ['Invalid trade_pubkey format (expected 64 hex characters)', 'rate limited'],
  hasRequestId: true,
};

/**
 * `POST /api/notify` (contract 1, 1.2): the sender of a chat message has the other side of the trade woken. Nothing here may
 * look the key up, or do anything else that depends on whether it is registered: the answer is 202 before anyone has.
 */
export function notifyRoute(app: FastifyInstance, { announcements, limits }: NotifyRouteOptions): void {
  const onRequest: onRequestHookHandler = (request, _reply, done) => {
    limits.notify(request);
    done();
  };
  app.post(NOTIFY_PATH, { config: { description: NOTIFY }, onRequest }, async (request, reply) => {
    const tradePubkey = parseUnregistration(request.body);
    limits.notifyKey(tradePubkey);
    announcements.append(tradePubkey);
    reply.code(202);
    return { accepted: true };
  });
}
