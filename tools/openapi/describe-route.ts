import type { FastifySchema } from 'fastify';
import { z } from 'zod';

import { messagesByStatus, type DescribedFailure } from '../../src/http/api-error.ts';
import type { RouteDescription } from '../../src/http/route-description.ts';

/** The failures that any request can meet, such as an unknown path or method (contract 1). */
const ANY: readonly DescribedFailure[] = [
  'Bad request',
  'Not found',
  'Method not allowed',
  'Request timeout',
  'Request header fields too large',
  'Internal error',
];
const ANY_BODY: readonly DescribedFailure[] = [
  'Malformed JSON',
  'Request body too large',
  'Unsupported content type (expected application/json)',
];

const HEADERS: Readonly<Record<number, object>> = {
  429: { 'Retry-After': { type: 'integer', minimum: 1, description: 'Seconds until the next try.' } },
  401: { 'WWW-Authenticate': { type: 'string', description: 'The scheme that would do: `Nostr`.' } },
};

const REQUEST_ID = {
  'X-Request-Id': {
    type: 'string',
    format: 'uuid',
    description: 'Made by the server, a new one for every answer.',
  },
};

/** The OpenAPI description of a route, from the schemas that the route uses. */
export function describeRoute(route: RouteDescription): FastifySchema {
  const {
    answers,
    body,
    description,
    failures = [],
    hasRequestId = false,
    isSignable = false,
    summary,
  } = route;
  const always = hasRequestId ? REQUEST_ID : {};
  const all = [...failures, ...(body === undefined ? [] : ANY_BODY)];
  const response: Record<string, object> = {};
  for (const [status, schema] of Object.entries(answers)) {
    response[status] = answer(jsonSchema(schema, 'output'), 'All is well.', always);
  }
  for (const [status, { messages, pattern }] of messagesByStatus(all)) {
    const message = pattern === undefined ? { enum: messages } : { anyOf: [{ enum: messages }, { pattern }] };
    response[status] = answer(failureSchema(message), 'Refused.', { ...always, ...HEADERS[status] });
  }
  response['default'] = answer(failureSchema({ enum: ANY }), 'What can befall any request.', always);
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(body !== undefined && { body: jsonSchema(body, 'input') }),
    ...(isSignable && { security: [{}, { nip98: [] }] }),
    response,
  };
}

/** An answer in the form that @fastify/swagger reads. */
function answer(schema: object, description: string, headers: object): object {
  const some = Object.keys(headers).length > 0;
  return { ...schema, 'x-response-description': description, ...(some && { headers }) };
}

function failureSchema(message: object): object {
  return {
    type: 'object',
    properties: { success: { type: 'boolean', enum: [false] }, message: { type: 'string', ...message } },
    required: ['success', 'message'],
    additionalProperties: false,
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: { maximum, minimum }, jsonSchema: made }) => {
      // These bounds are those of JavaScript's numbers, and not of the API.
      if (maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
      if (minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
    },
  });
  return json;
}
