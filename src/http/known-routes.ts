import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from './api-error.ts';

/** The route that @fastify/cors adds, for preflights to any path. */
const ANY_PATH = '*';

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

  /** An `OPTIONS` that is no preflight, or for a path that is not there. Comes before CORS, which answers any preflight. */
  readonly refuseOptions = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { 'access-control-request-method': asked, origin } = request.headers;
    const isPreflight = asked !== undefined && origin !== undefined;
    if (request.method === 'OPTIONS' && !(isPreflight && this.#methods.has(pathOf(request))))
      this.#refuse(request, reply);
  };

  /** An unknown path is 404 and a wrong method 405, whatever the body; then a wrong type is 415. */
  readonly refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    // RFC 9112, 3.2.
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      throw ApiError.of('Bad request');
    if (request.is404) this.#refuse(request, reply);
    const type = request.headers['content-type'] ?? '';
    if (request.method === 'POST' && !/^application\/json\s*(?:;|$)/i.test(type)) {
      throw ApiError.of('Unsupported content type (expected application/json)');
    }
  };

  #refuse(request: FastifyRequest, reply: FastifyReply): never {
    const allowed = this.#methods.get(pathOf(request));
    if (allowed === undefined) throw ApiError.of('Not found');
    reply.header('allow', allowed.join(', '));
    throw ApiError.of('Method not allowed');
  }
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}
