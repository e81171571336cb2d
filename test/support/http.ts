import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface HttpAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The body to the byte. */
  readonly text: string;
}

interface HttpCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An array is sent in chunks, without a content-length. */
  readonly body?: string | readonly string[];
}

/** One HTTP request with exactly these headers, on a connection of its own. */
export async function call(
  url: string,
  { method = 'GET', headers = {}, body }: HttpCall = {},
): Promise<HttpAnswer> {
  const outgoing = request(url, { method, headers, agent: false });
  if (typeof body === 'string') outgoing.setHeader('content-length', Buffer.byteLength(body));
  // The server may answer and close the connection before it has read everything.
  const response = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  for (const part of typeof body === 'string' ? [body] : (body ?? [])) outgoing.write(part);
  outgoing.end();
  const [answer] = await response;
  outgoing.on('error', () => undefined);
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
}

/** POSTs a text as JSON. */
export function postJson(url: string, body: string | readonly string[]): Promise<HttpAnswer> {
  return call(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

/** Sends bytes over plain TCP and returns everything that comes back until the other side closes. */
export async function overTcp(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
}

/** An answer of the API. */
export interface Posted {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** Sends JSON. */
export async function post(url: string, body: unknown): Promise<Posted> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answered = await response.text();
  return { status: response.status, body: JSON.parse(answered), text: answered };
}
