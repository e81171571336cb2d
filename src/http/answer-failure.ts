import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { FastifyError, FastifyReply } from 'fastify';

import { describeError } from '../core/basics/describe-error.ts';
import { StoreUnavailable } from '../core/registry/registration-store.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { ApiError } from './api-error.ts';
import { RESPONSE_HEADERS } from './response-headers.ts';

/**
 * Answers with the contract's message for an error. The body is a string and not a buffer: with a buffer Node would write a
 * `100 Continue` that the request still waits for between the head of the answer and its body.
 */
export function answerFailure(
  error: FastifyError | ApiError | StoreUnavailable,
  reply: FastifyReply,
  telemetry: Telemetry,
): void {
  const failure = failureOf(error);
  // Fastify would close the connection while the client still sends. The reset that follows can destroy the answer on its way, and a
  // reverse proxy then answers 502. Left open, the rest of the body is read and dropped, for as long as a request may take.
  if (failure.statusCode === 413) reply.removeHeader('connection');
  if (failure.statusCode === 500) telemetry.log('http.failed', { error: describeError(error) });
  void reply.code(failure.statusCode).headers(failure.headers).send(JSON.stringify(failure.body));
}

function failureOf(error: FastifyError | ApiError | StoreUnavailable): ApiError {
  if (error instanceof StoreUnavailable) return ApiError.of('Registration store unavailable');
  return error instanceof ApiError ? error : translate(error);
}

/** Answers a request whose URL Fastify cannot parse. No hook runs for such a request, so Fastify would answer in its own format. */
export function answerUnreadable(error: FastifyError, reply: FastifyReply): void {
  const { body, statusCode } = translate(error);
  const text = JSON.stringify(body);
  reply.hijack();
  reply.raw
    .writeHead(statusCode, { ...RESPONSE_HEADERS, 'content-length': Buffer.byteLength(text) })
    .end(text);
}

/** Turns Fastify's own errors into the contract's messages. Every other error is our fault: `Internal error`. */
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

/** The headers of an answer that is written to a socket without Fastify. */
const HEADERS = Object.entries(RESPONSE_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

/** Answers bytes that are not a request: no HTTP, a head that is too large, or a head that did not arrive in time. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // The client has gone, or an answer is already being sent.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  end(socket, brokenBy(error.code));
}

/** Answers `CONNECT`, which only proxies support. */
export function refuseTunnel(socket: Duplex): void {
  end(socket, ApiError.of('Method not allowed'));
}

function end(socket: Duplex, { statusCode, body }: ApiError): void {
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${HEADERS}` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}

function brokenBy(code: string | undefined): ApiError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ApiError.of('Request timeout');
  if (code === 'HPE_HEADER_OVERFLOW') return ApiError.of('Request header fields too large');
  return ApiError.of('Bad request');
}
