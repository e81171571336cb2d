import { connect, createServer, type Socket } from 'node:net';

import { Arrivals } from './arrivals.ts';
import { LoopbackServer } from './loopback-server.ts';

/** A SOCKS5 proxy (RFC 1928) like Tor's: it knows any name, and connects to this machine. */
export class SocksStandIn implements AsyncDisposable {
  /** What clients asked for, as `host:port`. */
  readonly asked = new Arrivals<string>();
  readonly port: number;
  readonly #server: LoopbackServer;

  private constructor(server: LoopbackServer) {
    this.#server = server;
    this.port = server.port;
  }

  static async start(): Promise<SocksStandIn> {
    const server = createServer();
    const proxy = new SocksStandIn(await LoopbackServer.listen(server));
    server.on('connection', (socket: Socket) => proxy.#greet(socket));
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  #greet(socket: Socket): void {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      // No authentication.
      socket.write(Buffer.from([5, 0]));
      socket.once('data', (request: Buffer) => this.#connect(socket, request));
    });
  }

  #connect(socket: Socket, request: Buffer): void {
    const length = request[4] ?? 0;
    const isName = request[3] === 3;
    const host = isName ? request.toString('latin1', 5, 5 + length) : request.subarray(4, 8).join('.');
    const port = request.readUInt16BE(isName ? 5 + length : 8);
    this.asked.push(`${host}:${port}`);
    const far = connect({ port, host: '127.0.0.1' });
    far.on('error', () => socket.destroy());
    far.once('connect', () => {
      socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
      socket.pipe(far).pipe(socket);
    });
  }
}
