import type { z } from 'zod';

import type { DescribedFailure } from './api-error.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route's description in docs/openapi.json. */
    description?: RouteDescription;
  }
}

/** What a route takes and answers, for docs/openapi.json, which `npm run generate` makes. */
export interface RouteDescription {
  readonly summary: string;
  readonly description?: string;
  readonly body?: z.ZodType;
  /** The answers to a request that succeeds, by status. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** The errors of this route. Errors that every route has are not listed. */
  readonly failures?: readonly DescribedFailure[];
  /** Whether every answer carries an `x-request-id`. */
  readonly hasRequestId?: boolean;
  /** Whether a client may sign the request (NIP-98). */
  readonly isSignable?: boolean;
}
