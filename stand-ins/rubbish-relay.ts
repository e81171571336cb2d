import { createServer } from 'node:http';
import type { Socket } from 'node:net';

import { type WebSocket, WebSocketServer } from 'ws';

import { Arrivals } from './arrivals.ts';
import { clientMessage } from './client-message.ts';
import { LoopbackServer } from './loopback-server.ts';
import { relayFrame } from './relay-frame.ts';
import { isRaw, rubbish, type RubbishMake } from './rubbish.ts';

const TICK_MS = 10;
/** The longest delay of the timer that is made up for. If the client itself reads slowly, nothing is made up for. */
const MAX_ARREARS_MS = 100;
/** The most bytes that wait for a client which does not read. */
const MAX_BUFFERED_BYTES = 1_000_000;

interface RubbishOptions {
  make: RubbishMake;
  /** The pace for each client, if the client reads that fast. */
  bytesPerSecond?: number;
  port?: number;
}

/** A relay that answers every REQ with EOSE, and sends rubbish from the moment a client connects, as fast as the client reads. */
export class RubbishRelay implements AsyncDisposable {
  /** Every connection; `at` is `performance.now()`. */
  readonly connections = new Arrivals<{ at: number }>();
  readonly port: number;

  readonly #server: LoopbackServer;
  readonly #make: RubbishMake;
  readonly #bytesPerSecond: number;
  #bytesSent = 0;

  private constructor(server: LoopbackServer, { make, bytesPerSecond = 50_000_000 }: RubbishOptions) {
    this.#server = server;
    this.#make = make;
    this.#bytesPerSecond = bytesPerSecond;
    this.port = server.port;
  }

  static async start(options: RubbishOptions): Promise<RubbishRelay> {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http });
    const relay = new RubbishRelay(await LoopbackServer.listen(http, options.port), options);
    sockets.on('connection', (socket, request) => relay.#welcome(socket, request.socket));
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** The bytes of all payloads, or raw frames, of rubbish that were sent. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  #welcome(socket: WebSocket, line: Socket): void {
    const frames = new Map([['', rubbish(this.#make)]]);
    socket.on('message', (data) => {
      const message = clientMessage(relayFrame(data));
      if (message?.type === 'CLOSE') frames.delete(message.subscription);
      if (message?.type !== 'REQ') return;
      const { subscription: id, filters } = message;
      socket.send(JSON.stringify(['EOSE', id]));
      if (this.#make !== 'strangers') return;
      frames.set(id, rubbish(this.#make, { id, kind: filters[0]?.kinds?.[0] ?? 1 }));
    });
    const stop = this.#flood(socket, line, () => [...frames.values()].flat());
    socket.on('close', stop);
    socket.on('error', () => socket.terminate());
    this.connections.push({ at: performance.now() });
  }

  /** A client that has not read what was sent before gets no more. */
  #flood(socket: WebSocket, line: Socket, currentFrames: () => readonly Buffer[]): () => void {
    let [credit, nth, last] = [0, 0, performance.now()];
    const timer = setInterval(() => {
      const frames = currentFrames();
      const now = performance.now();
      const elapsedMs = Math.min(now - last, MAX_ARREARS_MS);
      last = now;
      credit = Math.min(credit, 0) + (this.#bytesPerSecond * elapsedMs) / 1000;
      while (credit > 0 && socket.bufferedAmount < MAX_BUFFERED_BYTES) {
        const frame = frames[nth % frames.length];
        // The socket knows of a reset at once, the WebSocket only at its 'close'. Each write in between would be an error.
        if (frame === undefined || socket.readyState !== socket.OPEN || !line.writable) return;
        this.#send(socket, line, frame);
        credit -= frame.length;
        nth += 1;
      }
    }, TICK_MS);
    return () => clearInterval(timer);
  }

  #send(socket: WebSocket, line: Socket, frame: Buffer): void {
    const sent = (error?: Error | null): void => {
      this.#bytesSent += error ? 0 : frame.length;
    };
    if (isRaw(this.#make)) line.write(frame, sent);
    else if (this.#make === 'pings') socket.ping(frame, false, sent);
    else socket.send(frame, { binary: false }, sent);
  }
}
