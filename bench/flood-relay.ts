import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';

import { WebSocketServer, type WebSocket } from 'ws';

import { LoopbackServer } from '../stand-ins/loopback-server.ts';

interface Client {
  readonly socket: WebSocket;
  readonly raw: Duplex;
  /** The id of the subscription for gift wraps. */
  subscription: string;
}

const GIFT_WRAP = 1059;

/**
 * A relay that sends as fast as the socket takes it: frames are made once and written whole. Clients are distinguished by the
 * first part of the path in their URL, so that one relay serves several.
 */
export class FloodRelay implements AsyncDisposable {
  readonly #server: LoopbackServer;
  readonly #clients = new Map<string, Client[]>();
  readonly #waiting = new Set<() => void>();

  private constructor(server: LoopbackServer, sockets: WebSocketServer) {
    this.#server = server;
    sockets.on('connection', (socket, { url = '', socket: raw }) => this.#welcome(socket, raw, url));
  }

  static async start(): Promise<FloodRelay> {
    const http = createServer((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
    return new FloodRelay(await LoopbackServer.listen(http), sockets);
  }

  /** This many URLs under one name. For a client they are different relays. */
  urls(name: string, count: number): string[] {
    return Array.from({ length: count }, (_, n) => `ws://127.0.0.1:${this.#server.port}/${name}/${n}`);
  }

  /** Resolves when this many clients of this name have subscribed to gift wraps. */
  async subscribed(name: string, count: number): Promise<void> {
    for (;;) {
      const subscribed = this.#of(name).filter(({ subscription }) => subscription !== '');
      if (subscribed.length >= count) return;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /**
   * Sends the events to every client of this name, this many times. Resolves when each has answered a ping that follows them: by
   * then all have been read.
   *
   * @param events as JSON
   */
  async flood(name: string, events: readonly string[], times: number): Promise<void> {
    await Promise.all(
      this.#of(name).map(async (client) => {
        const chunk = frames(client, events);
        for (let n = 0; n < times; n++) if (!client.raw.write(chunk)) await once(client.raw, 'drain');
        const pong = once(client.socket, 'pong');
        client.socket.ping();
        await pong;
      }),
    );
  }

  /** The frames of these events for the first client of this name, made in advance because making them is not measured. */
  frames(name: string, events: readonly string[]): Buffer[] {
    return events.map((event) => frames(this.#first(name), [event]));
  }

  /** Sends the first client of this name what {@link frames} made. */
  send(name: string, bytes: Buffer): void {
    this.#first(name).raw.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  #first(name: string): Client {
    const client = this.#of(name)[0];
    if (client === undefined) throw new Error(`no client of the name ${name}`);
    return client;
  }

  #of(name: string): Client[] {
    return this.#clients.get(name) ?? [];
  }

  #welcome(socket: WebSocket, raw: Duplex, url: string): void {
    const name = url.split('/')[1] ?? '';
    const client = { socket, raw, subscription: '' };
    this.#clients.set(name, [...this.#of(name), client]);
    socket.on('close', () =>
      this.#clients.set(
        name,
        this.#of(name).filter((one) => one !== client),
      ),
    );
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const [type, id, filter] = JSON.parse(data.toString()) as [
        string,
        string,
        { kinds?: number[]; limit?: number },
      ];
      if (type !== 'REQ') return;
      socket.send(JSON.stringify(['EOSE', id]));
      // The live subscription. One of a recovery would be closed again at once.
      if (filter.kinds?.includes(GIFT_WRAP) === true && filter.limit === 0) client.subscription = id;
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    });
  }
}

function frames({ subscription }: Client, events: readonly string[]): Buffer {
  return Buffer.concat(events.map((event) => textFrame(`["EVENT","${subscription}",${event}]`)));
}

/** A text message in one unmasked frame (RFC 6455, 5.2). */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(4);
  head[0] = 0x81;
  head[1] = 126;
  head.writeUInt16BE(payload.length, 2);
  if (payload.length < 126 || payload.length > 0xffff)
    throw new RangeError('a frame of another length than events have');
  return Buffer.concat([head, payload]);
}
