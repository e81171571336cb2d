import { isIP } from 'node:net';

import { fastify, type FastifyInstance } from 'fastify';

import type { Metrics } from './metrics.ts';
import { readiness, type ReadinessSources } from './readiness.ts';

export interface AdminServerOptions {
  /** `ADMIN_HOST`: a name that requests may come under. */
  readonly host: string;
  readonly metrics: Metrics;
  readonly readiness: ReadinessSources;
}

/** Nothing but short GETs is asked here: time in milliseconds, body in bytes. */
const LIMITS = { requestTimeout: 5000, bodyLimit: 1024 };

/** The operator's listener: liveness, readiness and metrics (contract 8). Not listening yet. */
export function createAdminServer({
  host,
  metrics,
  readiness: sources,
}: AdminServerOptions): FastifyInstance {
  const app = fastify({
    ...LIMITS,
    logger: false,
    forceCloseConnections: 'idle',
  });
  app.addHook('onRequest', async (request, reply) => {
    // A web page that points its own name at this address (DNS rebinding) sends that name as Host.
    if (!isKnownHost(request.host, host)) return reply.code(421).send({ message: 'Unknown host' });
    return undefined;
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'Not found' }));
  app.get('/health/live', async () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const { ready, reasons } = readiness(sources);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reasons });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return app;
}

/** An address of any kind, `localhost`, or the configured name: none of them can be a stranger's. */
function isKnownHost(header: string, configured: string): boolean {
  const name = header.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || name === 'localhost' || name === configured;
}
