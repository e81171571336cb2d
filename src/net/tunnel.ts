import { once } from 'node:events';
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIPv6, type Socket } from 'node:net';

import type { ProxyAddress } from '../core/basics/proxy-address.ts';

/** Where a connection shall lead to. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/**
 * A proxy made no connection. `code` begins with `PROXY_` and has nothing of the destination in it. `PROXY_407`: the proxy's answer.
 * `PROXY_ECONNREFUSED`: no connection to the proxy. `PROXY_TIMEOUT`: no answer in time. `PROXY_CLOSED`: it hung up before its answer.
 */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: string;

  constructor(code: string) {
    super('the proxy made no connection');
    this.code = code;
  }
}

/** Connects through a proxy. The proxy resolves the name of the destination. @throws ProxyError */
export async function openTunnel(
  proxy: ProxyAddress,
  destination: Destination,
  timeoutMs: number,
): Promise<Socket> {
  const ended = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    ended.abort();
  }, timeoutMs);
  try {
    const open = proxy.scheme === 'socks5' ? openBySocks : openByConnect;
    return await open(proxy, destination, ended.signal);
  } catch (error) {
    throw isLate ? new ProxyError('PROXY_TIMEOUT') : asProxyError(error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether a proxy gives an answer that concerns no destination. Any word counts, and so does an end of the connection: only a proxy that
 * is frozen or out of reach says nothing at all.
 */
export async function answersItself(proxy: ProxyAddress, timeoutMs: number): Promise<boolean> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), timeoutMs).unref();
  try {
    await (proxy.scheme === 'socks5' ? greetBySocks : askOptions)(proxy, ended.signal);
    return true;
  } catch {
    return !ended.signal.aborted;
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

function asProxyError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Node's error for a connection that ended before the answer has no system call.
  if (code === 'ECONNRESET' && syscall !== 'connect') return new ProxyError('PROXY_CLOSED');
  return new ProxyError(`PROXY_${code ?? 'FAILED'}`);
}

/** HTTP `CONNECT` (RFC 9110, 9.3.6). */
function openByConnect(
  proxy: ProxyAddress,
  { host, port }: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  const path = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const outgoing = requestTo(proxy, { method: 'CONNECT', path, headers: { host: path } }, signal);
  return new Promise((resolve, reject) => {
    outgoing.on('connect', ({ statusCode = 0 }: IncomingMessage, socket: Socket, head: Buffer) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        return reject(new ProxyError(`PROXY_${statusCode}`));
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** `OPTIONS` that is not to be passed on (RFC 9110, 7.6.2 and 9.3.7). */
async function askOptions(proxy: ProxyAddress, signal: AbortSignal): Promise<void> {
  const outgoing = requestTo(
    proxy,
    { method: 'OPTIONS', path: '*', headers: { 'max-forwards': '0' } },
    signal,
  );
  outgoing.on('socket', (socket) => socket.unref());
  // The end of the connection after the answer must not count as unhandled.
  outgoing.on('error', () => undefined);
  outgoing.end();
  await once(outgoing, 'response');
}

function requestTo(
  { credentials: sealed, host, port, scheme }: ProxyAddress,
  {
    headers,
    method,
    path,
  }: Pick<RequestOptions, 'method' | 'path'> & { readonly headers: OutgoingHttpHeaders },
  signal: AbortSignal,
): ClientRequest {
  const credentials = sealed?.reveal();
  return (scheme === 'https' ? httpsRequest : httpRequest)({
    host,
    port,
    method,
    path,
    headers: {
      ...headers,
      ...(credentials && { 'proxy-authorization': basic(credentials) }),
    },
    agent: false,
    signal,
  });
}

function basic({ password, user }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The library's words for the answers of a SOCKS5 proxy (RFC 1928, 6; RFC 1929). */
const SOCKS_WORDS = [
  [/rejected connection - (\w+)/, (word: string) => `PROXY_SOCKS_${word}`],
  [/authentication/i, () => 'PROXY_SOCKS_AUTH'],
  [/socket closed/i, () => 'PROXY_CLOSED'],
  [/invalid/i, () => 'PROXY_SOCKS_INVALID'],
] as const;

/** The greeting (RFC 1928, 3), which names the ways of authentication: none, and a password. */
const SOCKS_GREETING = Buffer.from([5, 2, 0, 2]);

async function greetBySocks({ host, port }: ProxyAddress, signal: AbortSignal): Promise<void> {
  const line = connect({ host, port, signal });
  line.unref();
  line.write(SOCKS_GREETING);
  await Promise.race([once(line, 'data'), once(line, 'close')]);
}

async function openBySocks(
  { credentials, host: proxyHost, port: proxyPort }: ProxyAddress,
  { host, port }: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  // Loaded with the first use, because few servers need it.
  const { SocksClient } = await import('socks');
  const line = connect({ host: proxyHost, port: proxyPort, signal });
  await once(line, 'connect');
  const { user, password } = credentials?.reveal() ?? {};
  try {
    const { socket } = await SocksClient.createConnection({
      proxy: {
        host: proxyHost,
        port: proxyPort,
        type: 5,
        ...(user !== undefined && { userId: user, password: password ?? '' }),
      },
      command: 'connect',
      destination: { host, port },
      existing_socket: line,
    });
    return socket;
  } catch (error) {
    line.destroy();
    const { message } = error as Error;
    for (const [pattern, code] of SOCKS_WORDS) {
      const found = pattern.exec(message);
      if (found !== null) throw new ProxyError(code(found[1] ?? ''));
    }
    throw error;
  }
}
