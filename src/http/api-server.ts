import { randomUUID } from 'node:crypto';

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { SECOND_MS } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { fastify, NO_SCHEMAS } from '../lib/fastify.ts';
import { answerBrokenRequest, answerFailure, answerUnreadable, refuseTunnel } from './answer-failure.ts';
import { ConnectionBounds } from './connection-bounds.ts';
import { CrossOrigin } from './cross-origin.ts';
import { acceptJsonBodies } from './json-body.ts';
import { KnownRoutes, pathOf } from './known-routes.ts';
import { NOTIFY_PATH, notifyRoute, type NotifyRouteOptions } from './notify-route.ts';
import type { ProxyHeaders } from './proxy-headers.ts';
import { registrationRoutes, type RegistrationRoutesOptions } from './registration-routes.ts';
import { RESPONSE_HEADERS, STRICT_TRANSPORT } from './response-headers.ts';
import { selfTestRoute, type SelfTestRouteOptions } from './self-test-route.ts';
import { statusRoutes, type StatusRoutesOptions } from './status-routes.ts';

/** Contract 1. For comparison: a sealed registration has about 500 bytes. */
const MAX_BODY_BYTES = 16 * 1024;
/** For the whole request, head and body. A phone on a bad network needs some seconds; a slow attacker would take any time. */
const REQUEST_TIMEOUT_MS = 15 * SECOND_MS;
/** How often Node looks for late requests. With Node's default of 30 s, a limit of 15 s would become 45 s. */
const TIMEOUT_CHECK_MS = 2 * SECOND_MS;
/**
 * Longer than a reverse proxy keeps an idle connection: 60 s in the files of deploy/, and by default 120 s in Caddy and 90 s in Traefik. So the
 * proxy closes it. If we closed it, a request could be on its way, and the proxy would answer 502.
 */
const KEEP_ALIVE_MS = 150 * SECOND_MS;
/** About 300 MB if each connection sends a body slowly. A proxy in front needs a few dozen. */
const MAX_CONNECTIONS = 10_000;
/** A tenth of all: a thousand phones may share one address of a carrier, and one address cannot take all connections. */
const MAX_CONNECTIONS_OF_ADDRESS = 1024;
/** Requests of one connection without an answer. Today's clients send one request at a time. */
const MAX_UNANSWERED = 32;
const MAX_UNREAD_BYTES = 64 * 1024;

export interface ApiServerOptions {
  readonly telemetry: Telemetry;
  readonly registration: RegistrationRoutesOptions;
  readonly notify: NotifyRouteOptions;
  readonly selfTest: SelfTestRouteOptions;
  readonly status: StatusRoutesOptions;
  /** Whether proxy headers name the client's address. */
  readonly trustsProxy: boolean;
  /** Looks at the proxy headers of every request. */
  readonly proxyHeaders: ProxyHeaders;
  /** Whether clients reach the server only through TLS. */
  readonly isSecure: boolean;
  /** The web pages that may call, by their origins. */
  readonly allowedOrigins: '*' | readonly string[];
}

/** What a test puts in place of the program's own. */
export interface ApiServerOverrides {
  /** How long a request may take, in milliseconds. */
  readonly requestTimeoutMs?: number | undefined;
}

/** The public HTTP API (contract 1), not listening yet. */
export function createApiServer(
  options: ApiServerOptions,
  { requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS }: ApiServerOverrides = {},
): FastifyInstance {
  const { telemetry } = options;
  const connectionsCheckingInterval = Math.min(TIMEOUT_CHECK_MS, requestTimeout);
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // We check the Host header ourselves, because Node's answer would not be the contract's.
    http: {
      requestTimeout,
      headersTimeout: requestTimeout,
      connectionsCheckingInterval,
      requireHostHeader: false,
    },
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

/** Changes what Node's server does by default. */
function tameServer({ server }: FastifyInstance): void {
  // A client that has closed its sending direction, as `nc` does, still gets its answers (RFC 9112, 9.6).
  Object.assign(server, { httpAllowHalfOpen: true });
  // An unknown `Expect` header is ignored.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => refuseTunnel(socket));
}

/**
 * Adds the hooks, in the order in which a request passes them, and then the routes. There is one hook for each stage. No hook returns a
 * promise, which would cost more than all the work here.
 */
function addHooks(app: FastifyInstance, options: ApiServerOptions): void {
  const { notify, proxyHeaders, registration, selfTest, status, telemetry } = options;
  const known = new KnownRoutes();
  known.watch(app);
  const crossOrigin = new CrossOrigin(options.allowedOrigins);
  const setHeaders = headerSetter(options.isSecure, crossOrigin);
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply);
    proxyHeaders.note(request);
    const preflight = known.isPreflight(request) ? crossOrigin.preflight(request.headers.origin) : undefined;
    if (preflight !== undefined) return void reply.code(204).headers(preflight).send();
    known.refuse(request, reply);
    done();
  });
  // Fastify adds a charset, but JSON has none.
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
  selfTestRoute(app, selfTest);
}

/** Sets the headers that every answer has. */
function headerSetter(
  isSecure: boolean,
  crossOrigin: CrossOrigin,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const own = { ...RESPONSE_HEADERS, ...(isSecure && STRICT_TRANSPORT) };
  return (request, reply) => {
    if (pathOf(request) === NOTIFY_PATH) reply.header('x-request-id', randomUUID());
    reply.headers(own).headers(crossOrigin.headersFor(request.headers.origin));
  };
}
