import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from './api-error.ts';
import { pathOf } from './path-of.ts';

/** The route that @fastify/cors adds, for preflights to any path. */
const ANY_PATH = '*';
const IS_JSON = /^application\/json\s*(?:;|$)/i;

/** The paths that there are, each with its methods: what is unknown is refused before a body is read. */
export class KnownRoutes {
  readonly #methods = new Map<string, string[]>();

  /** Learns every route that is added to the server from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      if (url !== ANY_PATH) this.#methods.set(url, [...(this.#methods.get(url) ?? []), method].flat());
    });
    // Never reached: the hooks have answered. Without it Fastify would answer in its own words.
    app.setNotFoundHandler(() => {
      throw ApiError.of('Not found');
    });
  }

  /** Refuses what is for no route, and what is not JSON. @throws ApiError with the contract's message */
  refuse(request: FastifyRequest, reply: FastifyReply): void {
    if (request.method === 'OPTIONS') this.#refuseOptions(request, reply);
    else this.#refuseOthers(request, reply);
  }

  /** An `OPTIONS` that is no preflight, or for a path that is not there. Comes before CORS, which answers any preflight. */
  #refuseOptions(request: FastifyRequest, reply: FastifyReply): void {
    const { 'access-control-request-method': asked, origin } = request.headers;
    const isPreflight = asked !== undefined && origin !== undefined;
    if (!(isPreflight && this.#methods.has(pathOf(request)))) this.#refuseRoute(request, reply);
  }

  /** An unknown path is 404 and a wrong method 405, whatever the body; then a wrong type is 415. */
  #refuseOthers(request: FastifyRequest, reply: FastifyReply): void {
    const { 'content-type': type = '', host } = request.headers;
    // RFC 9112, 3.2.
    if (host === undefined && request.raw.httpVersion === '1.1') throw ApiError.of('Bad request');
    if (request.is404) this.#refuseRoute(request, reply);
    if (request.method === 'POST' && !IS_JSON.test(type)) {
      throw ApiError.of('Unsupported content type (expected application/json)');
    }
  }

  #refuseRoute(request: FastifyRequest, reply: FastifyReply): never {
    const allowed = this.#methods.get(pathOf(request));
    if (allowed === undefined) throw ApiError.of('Not found');
    reply.header('allow', allowed.join(', '));
    throw ApiError.of('Method not allowed');
  }
}
