import { once } from 'node:events';
import type { Server, Socket } from 'node:net';

/**
 * Keeps any `net.Server` (HTTP, HTTP/2, TLS) on the loopback network. It remembers the raw sockets, because neither keep-alive
 * connections nor HTTP/2 sessions let a plain `close()` finish.
 */
export class LoopbackServer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    this.port = address.port;
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @param address of the loopback network, 127.0.0.0/8 */
  static async listen(server: Server, port = 0, address = '127.0.0.1'): Promise<LoopbackServer> {
    server.listen(port, address);
    await once(server, 'listening');
    return new LoopbackServer(server);
  }

  /** Destroys every connection. */
  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts every connection with a TCP RST: bytes in transit are lost. */
  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.destroyConnections();
    await closed;
  }
}
