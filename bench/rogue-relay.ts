import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { WebSocketServer } from 'ws';

import { LoopbackServer } from '../stand-ins/loopback-server.ts';

const TICK_MS = 10;
/** An empty pong in one unmasked frame (RFC 6455, 5.5.3). */
const PONG = Buffer.from([0x8a, 0x00]);

/** A relay that answers every REQ with EOSE, and sends pongs without a ping until the benchmark stops it. */
export class RogueRelay implements AsyncDisposable {
  readonly url: string;
  readonly #server: LoopbackServer;
  readonly #raw = new Set<Duplex>();

  private constructor(server: LoopbackServer, sockets: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${server.port}/`;
    sockets.on('connection', (socket, { socket: raw }) => {
      this.#raw.add(raw);
      socket.on('close', () => this.#raw.delete(raw));
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        const [type, id] = JSON.parse(data.toString()) as [string, string];
        if (type === 'REQ') socket.send(JSON.stringify(['EOSE', id]));
      });
    });
  }

  static async start(): Promise<RogueRelay> {
    const http = createServer((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
    return new RogueRelay(await LoopbackServer.listen(http), sockets);
  }

  /** Sends pongs at this pace, but no faster than the client reads, until the signal. */
  async pong(bytesPerSecond: number, signal: AbortSignal): Promise<void> {
    const bytes = Math.round((bytesPerSecond * TICK_MS) / 1000);
    const chunk = Buffer.concat(Array.from({ length: bytes / PONG.length }, () => PONG));
    while (!signal.aborted) {
      await Promise.all([...this.#raw].map((raw) => written(raw, chunk, signal)));
      await delay(TICK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Resolves when the connection takes more bytes, is closed, or the signal fires. */
async function written(raw: Duplex, chunk: Buffer, signal: AbortSignal): Promise<void> {
  if (raw.write(chunk)) return;
  const either = AbortSignal.any([signal, closing(raw)]);
  await once(raw, 'drain', { signal: either }).catch(() => undefined);
}

function closing(raw: Duplex): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => controller.abort());
  return controller.signal;
}
