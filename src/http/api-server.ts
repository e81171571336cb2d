import { randomUUID } from 'node:crypto';

import type * as Cors from '@fastify/cors';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { DAY_MS, SECOND_MS } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { fastify, NO_SCHEMAS } from '../lib/fastify.ts';
import { loadCommonJs } from '../lib/load-commonjs.ts';
import { answerFailure, answerUnreadable } from './answer-failure.ts';
import { answerBrokenRequest, refuseTunnel } from './broken-request.ts';
import { hasProxyHeaders } from './client-address.ts';
import { ConnectionBounds } from './connection-bounds.ts';
import { acceptJsonBodies } from './json-body.ts';
import { KnownRoutes } from './known-routes.ts';
import { NOTIFY_PATH, notifyRoute, type NotifyRouteOptions } from './notify-route.ts';
import { pathOf } from './path-of.ts';
import { registrationRoutes, type RegistrationRoutesOptions } from './registration-routes.ts';
import { RESPONSE_HEADERS, STRICT_TRANSPORT } from './response-headers.ts';
import { statusRoutes, type StatusRoutesOptions } from './status-routes.ts';

const { fastifyCors } = loadCommonJs('@fastify/cors') as typeof Cors;

/** Contract 1. A sealed registration has about 500 bytes. */
const MAX_BODY_BYTES = 16 * 1024;
/** For the whole request, head and body: a phone on a bad network needs seconds, a slow attacker takes what it gets. */
const REQUEST_TIMEOUT_MS = 15 * SECOND_MS;
/** How often Node looks for requests that are late; its own 30 s would make 15 s into 45. */
const TIMEOUT_CHECK_MS = 2 * SECOND_MS;
/** Longer than the 60 s that reverse proxies keep an idle connection: so it is they who close it, not we under their request. */
const KEEP_ALIVE_MS = 75 * SECOND_MS;
/** Some 300 MB if every one of them dawdles over a body. A proxy in front needs a few dozen. */
const MAX_CONNECTIONS = 10_000;
/** A tenth of all: a thousand phones may share one address of a carrier, and no address can hold every place. */
const MAX_CONNECTIONS_OF_ADDRESS = 1024;
/** Clients of today send one request after the other. */
const MAX_UNANSWERED = 32;
const MAX_UNREAD_BYTES = 64 * 1024;
const CORS = {
  origin: '*',
  methods: ['GET', 'HEAD', 'POST'],
  allowedHeaders: ['content-type', 'authorization'],
  exposedHeaders: ['retry-after', 'x-request-id'],
  maxAge: DAY_MS / SECOND_MS,
};
/** What the library would write on every answer. It is left to preflights: it would work these two out anew for each. */
const CROSS_ORIGIN = {
  'access-control-allow-origin': CORS.origin,
  'access-control-expose-headers': CORS.exposedHeaders.join(', '),
};

export interface ApiServerOptions {
  readonly telemetry: Telemetry;
  readonly registration: RegistrationRoutesOptions;
  readonly notify: NotifyRouteOptions;
  readonly status: StatusRoutesOptions;
  /** Whether the headers of a proxy are believed; if not, they are counted, and warned of once. */
  readonly trustsProxy: boolean;
  /** Whether clients reach us by TLS and nothing else. */
  readonly isSecure: boolean;
  /** For tests. Milliseconds. */
  readonly requestTimeoutMs?: number | undefined;
}

/** The public HTTP API (contract 1), not listening yet. */
export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const { requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS, telemetry } = options;
  const connectionsCheckingInterval = Math.min(TIMEOUT_CHECK_MS, requestTimeout);
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Without a Host header Node would answer in its own words.
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval, requireHostHeader: false },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => answerUnreadable(error, reply),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logger: false,
    schemaController: { compilersFactory: NO_SCHEMAS },
  });
  tameServer(app);
  const limits = {
    total: MAX_CONNECTIONS,
    perAddress: options.trustsProxy ? undefined : MAX_CONNECTIONS_OF_ADDRESS,
    unanswered: MAX_UNANSWERED,
    unreadBytes: MAX_UNREAD_BYTES,
    unreadMs: requestTimeout,
  };
  new ConnectionBounds(limits, telemetry).protect(app.server);
  acceptJsonBodies(app);
  app.setErrorHandler((error: FastifyError, _request, reply) => answerFailure(error, reply, telemetry));
  addHooks(app, options);
  return app;
}

/** What Node's server would do in its own way. */
function tameServer({ server }: FastifyInstance): void {
  // Half open: who has said all and closed that direction, as `nc` does, still gets every answer (RFC 9112, 9.6).
  Object.assign(server, { httpAllowHalfOpen: true });
  // An expectation that nobody knows is none.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => refuseTunnel(socket));
}

/**
 * What every request goes through, in this order, and then the routes. One hook for each stage, and none that gives a promise:
 * a promise costs more than all that is done here.
 */
function addHooks(app: FastifyInstance, options: ApiServerOptions): void {
  const { notify, registration, status, telemetry } = options;
  const known = new KnownRoutes();
  known.watch(app);
  const setHeaders = headerSetter(options.isSecure);
  const noteProxy = options.trustsProxy ? undefined : proxyNoter(telemetry);
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply);
    noteProxy?.(request);
    known.refuse(request, reply);
    done();
  });
  // In a scope of its own, where the route for preflights is the only one.
  void app.register(async (preflights) => void preflights.register(fastifyCors, CORS));
  // Fastify adds a charset, which JSON does not have.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('content-type', 'application/json');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    telemetry.count('http_requests', { route, status: String(reply.statusCode) });
    telemetry.observe('http_request_seconds', reply.elapsedTime / SECOND_MS, { route });
    done();
  });
  statusRoutes(app, status);
  registrationRoutes(app, registration);
  notifyRoute(app, notify);
}

/** The headers that every answer has. */
function headerSetter(isSecure: boolean): (request: FastifyRequest, reply: FastifyReply) => void {
  const own = { ...RESPONSE_HEADERS, ...(isSecure && STRICT_TRANSPORT) };
  const all = { ...own, ...CROSS_ORIGIN };
  return (request, reply) => {
    if (pathOf(request) === NOTIFY_PATH) reply.headers(own).header('x-request-id', randomUUID());
    // CORS has its own answer to `OPTIONS`.
    reply.headers(request.method === 'OPTIONS' ? own : all);
  };
}

/** Whoever runs this behind a proxy without saying so has all clients share one address: that must show. */
function proxyNoter(telemetry: Telemetry): (request: FastifyRequest) => void {
  let isNoted = false;
  return ({ headers }) => {
    if (!hasProxyHeaders(headers)) return;
    telemetry.count('http_proxy_headers_ignored');
    if (!isNoted) telemetry.log('http.proxy_headers_ignored');
    isNoted = true;
  };
}
