import type { Server } from 'node:http';
import { isIP } from 'node:net';

import type { FastifyInstance } from 'fastify';

import type { Alarm } from '../core/watch/alarms.ts';
import { fastify, NO_SCHEMAS } from '../lib/fastify.ts';
import { dashboardRoutes } from './dashboard/dashboard-routes.ts';
import type { SnapshotSources } from './dashboard/snapshot.ts';
import { explained } from './alarm-watch.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';
import { traceRoute, type TraceSources } from './trace-route.ts';

export interface AdminServerOptions {
  /** `ADMIN_HOST`. Requests may have this name in their Host header. */
  readonly host: string;
  readonly metrics: Metrics;
  readonly ready: () => Readiness;
  readonly alarms: () => readonly Alarm[];
  readonly dashboard: SnapshotSources;
  readonly trace: TraceSources;
  /** Bounds the memory that clients of this server can use. */
  readonly protect: (server: Server) => void;
}

/** Requests here are short: time in milliseconds, body in bytes. */
const LIMITS = { requestTimeout: 5000, bodyLimit: 1024 };

/** How often Node looks for late requests. With Node's default of 30 s, a limit of 5 s would become 35 s. */
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
    // Against DNS rebinding: a web page that points its own domain at this address sends that domain as Host.
    if (!isKnownHost(request.host, host)) return reply.code(421).send({ message: 'Unknown host' });
    return undefined;
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'Not found' }));
  // The error's own message is not sent, because it can quote the request.
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

/** Whether Host is an address, `localhost` or the configured name. A stranger's domain is none of these. */
function isKnownHost(header: string, configured: string): boolean {
  const name = header.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || name === 'localhost' || name === configured;
}
