import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';

import { SECOND_MS } from '../core/clock.ts';
import { describeError } from '../core/describe-error.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { ApiError } from './api-error.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { registrationRoutes, type RegistrationRoutesOptions } from './registration-routes.ts';
import { statusRoutes, type StatusRoutesOptions } from './status-routes.ts';

/** Contract 1. A sealed registration has about 500 bytes. */
const MAX_BODY_BYTES = 16 * 1024;
/** For the whole request, head and body: a phone on a bad network needs seconds, a slow attacker takes what it gets. */
const REQUEST_TIMEOUT_MS = 15 * SECOND_MS;
/** Longer than the 60 s that reverse proxies keep an idle connection: so it is they who close it, not we under their request. */
const KEEP_ALIVE_MS = 75 * SECOND_MS;

export interface ApiServerOptions {
  readonly telemetry: Telemetry;
  readonly registration: RegistrationRoutesOptions;
  readonly status: StatusRoutesOptions;
}

/** The public HTTP API (contract 1), not listening yet. */
export function createApiServer({ telemetry, registration, status }: ApiServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => answerFailure(error, reply, telemetry),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logger: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );
  refuseUnknownRoutes(app);
  app.setErrorHandler((error: FastifyError, _request, reply) => answerFailure(error, reply, telemetry));
  app.addHook('onSend', async (_request, reply) => void reply.header('content-type', 'application/json'));
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    telemetry.count('http_requests', { route, status: String(reply.statusCode) });
  });
  statusRoutes(app, status);
  registrationRoutes(app, registration);
  return app;
}

/** Before a body is read: an unknown path is 404 and a wrong method 405, whatever the body; then a wrong type is 415. */
function refuseUnknownRoutes(app: FastifyInstance): void {
  const methods = new Map<string, string[]>();
  app.addHook(
    'onRoute',
    ({ url, method }) => void methods.set(url, [...(methods.get(url) ?? []), method].flat()),
  );
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.is404) {
      const allowed = methods.get(request.url.split('?', 1)[0] ?? '');
      if (allowed === undefined) throw ApiError.of('Not found');
      reply.header('allow', allowed.join(', '));
      throw ApiError.of('Method not allowed');
    }
    const type = request.headers['content-type'] ?? '';
    if (request.method === 'POST' && !/^application\/json\s*(?:;|$)/i.test(type)) {
      throw ApiError.of('Unsupported content type (expected application/json)');
    }
  });
  // Never reached: the hook above has answered. Without it Fastify would answer in its own words.
  app.setNotFoundHandler(() => {
    throw ApiError.of('Not found');
  });
}

function answerFailure(error: FastifyError | ApiError, reply: FastifyReply, telemetry: Telemetry): void {
  const failure = error instanceof ApiError ? error : translate(error);
  if (failure.statusCode === 500) telemetry.log('http.failed', { error: describeError(error) });
  // As bytes: a URL that Fastify cannot read is answered before any hook, and to JSON or text Fastify adds a charset.
  void reply
    .code(failure.statusCode)
    .header('content-type', 'application/json')
    .send(Buffer.from(JSON.stringify(failure.body)));
}

/** Fastify's own failures in the words of the contract; anything else is our fault and says no more than that. */
function translate({ code, statusCode }: FastifyError): ApiError {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return ApiError.of('Request body too large');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return ApiError.of('Unsupported content type (expected application/json)');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return ApiError.of('Malformed JSON');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return ApiError.of('Bad request');
    default:
      // The default JSON parser throws a SyntaxError with status 400 and no code.
      return ApiError.of(statusCode === 400 ? 'Malformed JSON' : 'Internal error');
  }
}
