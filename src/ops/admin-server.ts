import type { Server } from 'node:http';
import { isIP } from 'node:net';

import type { FastifyInstance } from 'fastify';

import type { Alarm } from '../core/watch/alarms.ts';
import { fastify, NO_SCHEMAS } from '../lib/fastify.ts';
import { dashboardRoutes } from './dashboard/dashboard-routes.ts';
import type { SnapshotSources } from './dashboard/snapshot.ts';
import { explained } from './explained-alarm.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';
import { traceRoute, type TraceSources } from './trace-route.ts';

export interface AdminServerOptions {
  /** `ADMIN_HOST`: a name that requests may come under. */
  readonly host: string;
  readonly metrics: Metrics;
  readonly ready: () => Readiness;
  readonly alarms: () => readonly Alarm[];
  readonly dashboard: SnapshotSources;
  readonly trace: TraceSources;
  /** Bounds what its clients can make it hold. */
  readonly protect: (server: Server) => void;
}

/** Nothing but short requests is asked here: time in milliseconds, body in bytes. */
const LIMITS = { requestTimeout: 5000, bodyLimit: 1024 };

/** How often Node looks for requests that are late; its own 30 s would make 5 s into 35. */
const TIMEOUT_CHECK_MS = 2000;

/** The operator's listener (contract 8): liveness, readiness, metrics, the dashboard, and the trace of a key. Not listening yet. */
export function createAdminServer(options: AdminServerOptions): FastifyInstance {
  const { alarms, host, metrics, ready } = options;
  const app = fastify({
    ...LIMITS,
    http: { headersTimeout: LIMITS.requestTimeout, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    logger: false,
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory: NO_SCHEMAS },
  });
  options.protect(app.server);
  app.addHook('onRequest', async (request, reply) => {
    // A web page that points its own name at this address (DNS rebinding) sends that name as Host.
    if (!isKnownHost(request.host, host)) return reply.code(421).send({ message: 'Unknown host' });
    return undefined;
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'Not found' }));
  // The words of an error can quote what was sent.
  app.setErrorHandler(({ statusCode = 500 }: { statusCode?: number }, _request, reply) =>
    reply.code(statusCode).send({ message: statusCode < 500 ? 'Bad request' : 'Internal error' }),
  );
  app.get('/health/live', async () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const { ready: isReady, reasons } = ready();
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not ready', reasons, alarms: alarms().map(explained) });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  dashboardRoutes(app, options.dashboard);
  traceRoute(app, options.trace);
  return app;
}

/** An address of any kind, `localhost`, or the configured name: none of them can be a stranger's. */
function isKnownHost(header: string, configured: string): boolean {
  const name = header.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || name === 'localhost' || name === configured;
}
