import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { buffer } from 'node:stream/consumers';

/** A request that has been read to its end. */
export interface ReceivedRequest {
  method: string;
  /** As it was sent, with its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  httpVersion: string;
  /** `performance.now()` when the request was complete. */
  at: number;
  /** Whether the client has given up waiting for the answer. */
  abandoned: () => boolean;
}

/** What to answer: a string body goes out as it is, anything else as JSON. */
export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Returns the answer to a request. If it returns nothing, the stand-in answers as usual. */
export type AnswerHook<T> = (received: T) => Answer | undefined | Promise<Answer | undefined>;

type Handler = (request: ReceivedRequest) => Promise<Answer>;
type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/** Makes a request listener of a function from request to answer. The listener works for HTTP/1.1 and HTTP/2. */
export function httpExchange(handle: Handler): (request: AnyRequest, response: AnyResponse) => void {
  return (request, response) => {
    void exchange(handle, request, response);
  };
}

async function exchange(handle: Handler, request: AnyRequest, response: AnyResponse): Promise<void> {
  let abandoned = false;
  response.once('close', () => (abandoned = true));
  const body = await readBody(request);
  if (body === undefined) return;
  const answer = await handle({
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body,
    httpVersion: request.httpVersion,
    at: performance.now(),
    abandoned: () => abandoned,
  }).catch((error: unknown) => ({ status: 500, body: `the stand-in failed: ${String(error)}` }));
  if (!abandoned) reply(response, answer);
}

/** `undefined` if the body was cut off: the client is gone, so there is no one to answer. */
async function readBody(request: AnyRequest): Promise<Buffer | undefined> {
  try {
    return await buffer(request);
  } catch {
    return undefined;
  }
}

function reply(response: AnyResponse, { status, body, headers = {} }: Answer): void {
  const json = body !== undefined && typeof body !== 'string';
  response.statusCode = status;
  if (json) response.setHeader('content-type', 'application/json; charset=UTF-8');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(json ? JSON.stringify(body) : (body ?? ''));
}
