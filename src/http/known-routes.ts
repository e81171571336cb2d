import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from './api-error.ts';

const IS_JSON = /^application\/json\s*(?:;|$)/i;

/** All paths of the API with their methods. A request for any other path or method is refused before its body is read. */
export class KnownRoutes {
  readonly #methods = new Map<string, string[]>();

  /** Notes every route that is added to the server from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      this.#methods.set(url, [...(this.#methods.get(url) ?? []), method].flat());
    });
    // Normally not reached, because a hook has refused the request. Fastify's own handler would use its own format.
    app.setNotFoundHandler(() => {
      throw ApiError.of('Not found');
    });
  }

  /** Whether a browser asks if a page may call a path that exists. */
  isPreflight(request: FastifyRequest): boolean {
    const asked = request.headers['access-control-request-method'];
    return request.method === 'OPTIONS' && asked !== undefined && this.#methods.has(pathOf(request));
  }

  /**
   * Refuses a request for an unknown path or method, or with a body that is not JSON. An unknown path is 404 and a wrong method 405,
   * whatever the body is. After these a wrong content type is 415.
   *
   * @throws ApiError with the contract's message
   */
  refuse(request: FastifyRequest, reply: FastifyReply): void {
    const { 'content-type': type = '', host } = request.headers;
    // RFC 9112, 3.2: HTTP/1.1 requires a Host header.
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

/** The path of a request, without its query. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
