import type { z } from 'zod';

import type { DescribedFailure } from './api-error.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What docs/openapi.json says of the route. */
    description?: RouteDescription;
  }
}

/** What a route takes and answers, for docs/openapi.json, which `npm run generate` makes. */
export interface RouteDescription {
  readonly summary: string;
  readonly description?: string;
  readonly body?: z.ZodType;
  /** What it answers when all is well, by status. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** What else it may answer, beside what can befall any request. */
  readonly failures?: readonly DescribedFailure[];
  /** Whether every answer carries an `x-request-id`. */
  readonly hasRequestId?: boolean;
  /** Whether a client may sign the request (NIP-98). */
  readonly isSignable?: boolean;
}
