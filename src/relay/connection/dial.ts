import type { IncomingMessage } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { ClientOptions } from 'ws';

import { MAX_MESSAGE_BYTES } from '../wire/frame-filter.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { isOnion, tlsOver, type WayOut } from '../../net/way-out.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import { WebSocket } from '../wire/web-socket.ts';
import type { HandshakeAnswer } from './dial-failure.ts';
import { readRedirect } from './redirect.ts';
import type { Misconduct } from './relay-conduct.ts';

/** How a connection ended. */
export interface ConnectionEnd {
  /** The status code of the WebSocket's close (RFC 6455). */
  readonly status: number;
  /** The code of an error. */
  readonly error?: string;
  /** The answer to the handshake, if it was not 101. */
  readonly answer?: HandshakeAnswer;
  readonly misconduct?: Misconduct;
}

export interface OpenConnection {
  readonly socket: WebSocket;
  /** The TCP or TLS connection beneath the WebSocket. */
  readonly line: Socket;
  /** Ends the connection, because the relay misbehaves. */
  readonly ban: (misconduct: Misconduct) => void;
}

export interface DialOptions {
  readonly url: string;
  /** The `User-Agent` of the request. */
  readonly userAgent: string;
  /** Resolves the relay's name; absent: as usual. */
  readonly lookup: LookupFunction | undefined;
  readonly wayOut: WayOut;
  /** The time of day. */
  readonly clock: Clock;
  /** How long the relay may take for the WebSocket handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Ends the connection. */
  readonly signal: AbortSignal;
  /** Gets the socket before the dial. */
  readonly onDial: (socket: WebSocket) => void;
  /** Called with the `Date` header of the handshake. */
  readonly onDate: (date: unknown) => void;
  readonly onOpen: (connection: OpenConnection) => void;
}

/** Makes one connection to a relay. @returns how the connection ended, or why it was not made */
export function dial(options: DialOptions): Promise<ConnectionEnd> {
  if (isOnion(new URL(options.url)) && options.wayOut.proxyFor(new URL(options.url)) === undefined)
    return Promise.resolve({ status: NO_STATUS, error: 'NO_TOR' });
  const { handshakeTimeoutMs, onDate, onDial, onOpen, signal } = options;
  const socket = beginHandshake(options);
  onDial(socket);
  // The library has a timeout too, but a relay that sends its answer byte by byte would outlast that one.
  let isLate = false;
  const dialling = setTimeout(() => {
    isLate = true;
    socket.terminate();
  }, handshakeTimeoutMs);
  return new Promise((resolve) => {
    const onAbort = (): void => socket.terminate();
    const ending: { answer?: HandshakeAnswer; error?: string; misconduct?: Misconduct } = {};
    const ban = (misconduct: Misconduct): void => {
      ending.misconduct = misconduct;
      socket.terminate();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let line: Socket | undefined;
    socket.on('open', () => {
      clearTimeout(dialling);
      if (line === undefined) return socket.terminate();
      onOpen({ socket, line, ban });
    });
    socket.on('upgrade', (response) => {
      line = response.socket;
      onDate(response.headers.date);
    });
    socket.on('unexpected-response', (_, response) => {
      onDate(response.headers.date);
      if (response.statusCode === 101) ending.error = 'BAD_UPGRADE';
      else ending.answer = readAnswer(response, options);
      socket.terminate();
    });
    socket.on('error', (fault) => {
      const code = codeOf(fault, line === undefined ? fault.name : 'BAD_UPGRADE');
      ending.error ??= isLate ? 'ETIMEDOUT' : code;
    });
    socket.on('close', (status) => {
      clearTimeout(dialling);
      signal.removeEventListener('abort', onAbort);
      resolve({ status, ...ending });
    });
  });
}

/** The status of a close that came without one (RFC 6455, 7.4.1). */
const NO_STATUS = 1006;

type OnConnected = (error: Error | null, socket?: Duplex) => void;

/** Makes the connection for a handshake through a proxy. @returns `undefined` if the relay is reached directly */
function throughProxy({ lookup, url, wayOut }: DialOptions): ClientOptions['createConnection'] {
  const host = new URL(url);
  const proxy = wayOut.proxyFor(host);
  if (proxy === undefined) return undefined;
  const tunnel = async (onConnected: OnConnected): Promise<void> => {
    let socket: Socket;
    try {
      socket = await wayOut.open(proxy, host, { lookup, isOwn: lookup === undefined });
    } catch (error) {
      return onConnected(error as Error);
    }
    onConnected(null, host.protocol === 'wss:' ? tlsOver(socket, host, ['http/1.1']) : socket);
  };
  // Node passes a callback. The library's types know only a socket that is returned.
  return ((_options: unknown, onConnected: OnConnected) => void tunnel(onConnected)) as never;
}

function beginHandshake(options: DialOptions): WebSocket {
  const { lookup, url, userAgent } = options;
  const createConnection = throughProxy(options);
  return new WebSocket(url, {
    headers: { 'user-agent': userAgent },
    // Base64 does not compress. Decompression would cost more than everything else that is done with a message.
    perMessageDeflate: false,
    // `throttle` leaves out messages that are too long before they reach the library.
    maxPayload: MAX_MESSAGE_BYTES,
    // An event is hashed as it was written. Anybody can publish bytes that are not UTF-8, at a relay that accepts them.
    skipUTF8Validation: true,
    // `keepAlive` answers pings, and only while the relay reads the answers.
    autoPong: false,
    // The target of a redirect has not been checked.
    followRedirects: false,
    ...(lookup && { lookup }),
    ...(createConnection && { createConnection }),
  });
}

function readAnswer(
  { headers, statusCode = 0 }: IncomingMessage,
  { clock, url }: DialOptions,
): HandshakeAnswer {
  const { password, username } = new URL(url);
  const waitMs = retryAfterMs(headers['retry-after'], { now: clock(), date: headers.date });
  return {
    status: statusCode,
    redirect: readRedirect(headers.location, url),
    hasCredentials: `${username}${password}` !== '',
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  };
}

/** OpenSSL's own words for an error, in its message. */
const TLS_REASON = /:SSL routines:[^:]{0,60}:([a-z\d/ ]{1,60}):/;

/**
 * The code of an error. Not its message, which can contain the relay's URL. Some versions of Node.js call every error of TLS EPROTO. It
 * then gets the code that other versions give it.
 *
 * @param without the code of an error that has none
 */
function codeOf(fault: NodeJS.ErrnoException, without: string): string {
  const reason = fault.code === 'EPROTO' ? TLS_REASON.exec(fault.message)?.[1] : undefined;
  if (reason !== undefined) return `ERR_SSL_${reason.replaceAll(' ', '_').toUpperCase()}`;
  return fault.code ?? without;
}
