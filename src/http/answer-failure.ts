import type { FastifyError, FastifyReply } from 'fastify';

import { describeError } from '../core/basics/describe-error.ts';
import { StoreUnavailable } from '../core/registry/store-unavailable.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { ApiError } from './api-error.ts';
import { RESPONSE_HEADERS } from './response-headers.ts';

/**
 * Answers with what went wrong, in the words of the contract. As text, never as bytes: Node would write a `100 Continue`
 * that it owes the request between the head of the answer and its bytes.
 */
export function answerFailure(
  error: FastifyError | ApiError | StoreUnavailable,
  reply: FastifyReply,
  telemetry: Telemetry,
): void {
  const failure = failureOf(error);
  if (failure.statusCode === 500) telemetry.log('http.failed', { error: describeError(error) });
  void reply.code(failure.statusCode).headers(failure.headers).send(JSON.stringify(failure.body));
}

function failureOf(error: FastifyError | ApiError | StoreUnavailable): ApiError {
  if (error instanceof StoreUnavailable) return ApiError.of('Registration store unavailable');
  return error instanceof ApiError ? error : translate(error);
}

/** Answers a request whose URL Fastify cannot read. No hook is run for it, so Fastify would answer in its own form. */
export function answerUnreadable(error: FastifyError, reply: FastifyReply): void {
  const { body, statusCode } = translate(error);
  const text = JSON.stringify(body);
  reply.hijack();
  reply.raw
    .writeHead(statusCode, { ...RESPONSE_HEADERS, 'content-length': Buffer.byteLength(text) })
    .end(text);
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
