import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { ApiError } from './api-error.ts';
import { RESPONSE_HEADERS } from './response-headers.ts';

const HEADERS = Object.entries(RESPONSE_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

/** Answers what never became a request: no HTTP, a head that is too large, or one that did not arrive in time. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // The other side has gone, or an answer is already on its way: there is nobody to tell.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  end(socket, failureOf(error.code));
}

/** Answers `CONNECT`: this is no proxy. */
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

function failureOf(code: string | undefined): ApiError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ApiError.of('Request timeout');
  if (code === 'HPE_HEADER_OVERFLOW') return ApiError.of('Request header fields too large');
  return ApiError.of('Bad request');
}
