import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came, byte by byte: what a signature speaks of. */
    rawBody: Buffer | undefined;
  }
}

/** Bodies are JSON and nothing else; the bytes are kept beside what they mean. */
export function acceptJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.decorateRequest('rawBody');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    void parseJson(request, body.toString('utf8'), done);
  });
}
