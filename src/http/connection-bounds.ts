import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { SECOND_MS } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { ConnectionHolders } from './connection-holders.ts';

/** How often connections are checked, in milliseconds. With a shorter `unreadMs` they are checked that often. */
const LOOK_MS = 2 * SECOND_MS;
/** Node's own limit is this much above the total, because Node counts a connection until its socket is fully closed. */
const SLACK = 128;

export interface ConnectionLimits {
  /** Connections at once. */
  readonly total: number;
  /**
   * Connections at once of one address: IPv4, or IPv6 /64 (a /48 has ten times as many, a /32 a hundred times). Absent behind a proxy,
   * because all connections have the proxy's address.
   */
  readonly perAddress: number | undefined;
  /** Requests of one connection whose answers are not yet written to the operating system. At this number the connection ends after the last answer. */
  readonly unanswered: number;
  /** Bytes of unread answers on one connection. If a request comes above this number, the connection ends after its answer. */
  readonly unreadBytes: number;
  /** Milliseconds that a client may leave answers unread, or keep its side open after we closed ours. */
  readonly unreadMs: number;
}

/** One open connection. */
interface Connection {
  readonly socket: Socket;
  /** The requests that have no answer yet, or whose answer the client has not read. */
  readonly unanswered: Set<ServerResponse>;
  /** Takes no further request: the connection ends after the answers to the requests before. */
  isEnding: boolean;
  /** The time since which some answer has always been unread, by `performance.now()`. */
  unreadSince: number | undefined;
}

/**
 * Bounds the memory that clients of an HTTP server can use: connections for each address, requests without an answer, and unread answers.
 * Node has no bound for these: one chunk of 64 KiB can hold thousands of small requests, each with its answer.
 *
 * The address is the socket's. Only the client whose connection exceeds a bound loses an answer; no other client is affected.
 */
export class ConnectionBounds {
  readonly #limits: ConnectionLimits;
  readonly #telemetry: Telemetry;
  readonly #connections = new Map<Socket, Connection>();
  readonly #holders: ConnectionHolders<Connection>;

  constructor(limits: ConnectionLimits, telemetry: Telemetry) {
    this.#limits = limits;
    this.#telemetry = telemetry;
    this.#holders = new ConnectionHolders(limits);
  }

  /** Applies the bounds to a server. Call it after the request handler is set and before the server listens. */
  protect(server: Server): void {
    server.maxConnections = this.#limits.total + SLACK;
    server.on('drop', () => this.#countRefused());
    server.on('connection', (socket) => this.#admit(socket));
    const [handle] = server.listeners('request') as RequestListener[];
    if (handle === undefined) throw new TypeError('a server without a handler for its requests');
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (this.#accepts(request, response)) handle(request, response);
    });
    const looking = setInterval(() => this.#look(), Math.min(LOOK_MS, this.#limits.unreadMs));
    looking.unref();
    server.on('close', () => clearInterval(looking));
  }

  #admit(socket: Socket): void {
    const connection: Connection = { socket, unanswered: new Set(), isEnding: false, unreadSince: undefined };
    const { isAdmitted, displaced } = this.#holders.admit(connection, socket.remoteAddress);
    if (displaced !== undefined) {
      this.#countClosed('displaced');
      displaced.socket.destroy();
    }
    if (!isAdmitted) {
      this.#countRefused();
      socket.destroy();
      return;
    }
    this.#connections.set(socket, connection);
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#holders.leave(connection);
    });
  }

  /** Whether to handle a request. A request that is not handled gets no answer, and its connection ends after the answers before. */
  #accepts({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#connections.get(socket);
    // The connection was refused or displaced, but bytes that it sent before are still being parsed.
    if (connection === undefined || socket.destroyed) return false;
    const { unanswered } = connection;
    if (connection.isEnding) {
      // Stops reading. Otherwise further requests would collect here until the connection has ended.
      socket.pause();
      return false;
    }
    const limits = this.#limits;
    if (unanswered.size + 1 >= limits.unanswered || this.#unreadBytes(connection) >= limits.unreadBytes) {
      connection.isEnding = true;
      response.shouldKeepAlive = false;
      this.#countClosed('pipelined');
    }
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
    return true;
  }

  #unreadBytes({ socket, unanswered }: Connection): number {
    if (unanswered.size === 0) return 0;
    let bytes = socket.writableLength;
    // The bytes of the answer being written count twice, in the socket and in the answer. The bound is reached a little sooner.
    for (const response of unanswered) bytes += response.writableLength;
    return bytes;
  }

  #look(): void {
    const now = performance.now();
    for (const connection of this.#connections.values()) {
      const { socket } = connection;
      if (socket.writableLength === 0 && !socket.writableEnded) connection.unreadSince = undefined;
      else connection.unreadSince ??= now;
      if (connection.unreadSince === undefined || now - connection.unreadSince < this.#limits.unreadMs)
        continue;
      this.#countClosed('unread');
      socket.destroy();
    }
  }

  #countRefused(): void {
    this.#telemetry.count('http_connections_refused');
  }

  #countClosed(reason: 'pipelined' | 'unread' | 'displaced'): void {
    this.#telemetry.count('http_connections_closed', { reason });
  }
}
