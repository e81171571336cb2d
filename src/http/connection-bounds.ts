import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { SECOND_MS } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { ConnectionHolders } from './connection-holders.ts';

/** How often connections are looked at, in milliseconds, or sooner where an answer may wait for less. */
const LOOK_MS = 2 * SECOND_MS;
/** Connections above the total at which Node itself refuses more: for Node a connection counts until it is closed for good. */
const SLACK = 128;

export interface ConnectionLimits {
  /** Connections at once. */
  readonly total: number;
  /**
   * Connections at once of one address: IPv4, or IPv6 /64 (a /48 has ten times as many, a /32 a hundred times). Absent behind a proxy, whose
   * address all connections have.
   */
  readonly perAddress: number | undefined;
  /** Requests of one connection whose answers have not been handed to the operating system. The connection ends after the last of them. */
  readonly unanswered: number;
  /** Bytes of answers that wait on one connection when a further request comes. The connection ends after that request's answer. */
  readonly unreadBytes: number;
  /** How long a client may leave answers unread, or keep its side open after we have ended ours, in milliseconds. */
  readonly unreadMs: number;
}

/** What is known of one connection. */
interface Connection {
  readonly socket: Socket;
  /** Requests that have no answer yet, or whose answer still waits for the client. */
  readonly unanswered: Set<ServerResponse>;
  /** Takes no further request: it ends after the answers that it is owed. */
  isEnding: boolean;
  /** Since when there has always been something unread, by `performance.now()`. */
  unreadSince: number | undefined;
}

/**
 * Bounds what clients can make an HTTP server hold: connections for each address, requests that wait for an answer, and answers that wait for
 * their reader. Node bounds none of these: one chunk of 64 KiB holds thousands of small requests, each with its answer.
 *
 * The address is the socket's. A connection over a bound costs its own client an answer, and no other client anything.
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

  /** Holds a server to these bounds, whose requests are handled already and which does not listen yet. */
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

  /** Whether a request is to be handled. One that is not gets no answer: its connection ends after those before it. */
  #accepts({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#connections.get(socket);
    // Refused or displaced: what it had sent before is still being parsed.
    if (connection === undefined || socket.destroyed) return false;
    const { unanswered } = connection;
    if (connection.isEnding) {
      // Nothing more is read, or every further request would wait here until the connection has ended.
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
    // The socket's own bytes are counted in the answer that is being written, too: the bound is then met the sooner.
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
