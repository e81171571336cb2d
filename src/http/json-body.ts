import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes of the body as they came, because a signature covers the bytes. */
    rawBody: Buffer | undefined;
  }
}

/** Accepts JSON bodies only, and keeps the bytes beside the parsed value. */
export function acceptJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.decorateRequest('rawBody');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    void parseJson(request, body.toString('utf8'), done);
  });
}
