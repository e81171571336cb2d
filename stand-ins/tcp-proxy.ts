import { connect, createServer, type Socket } from 'node:net';

import { Arrivals } from './arrivals.ts';
import { LoopbackServer } from './loopback-server.ts';

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  frozen: boolean;
  /** The side that has closed the connection first. */
  ended?: 'client' | 'server';
}

/** A TCP proxy before a server on the loopback interface. A test can break its connections in the ways in which networks do. */
export class TcpProxy implements AsyncDisposable {
  /** Every connection, also the refused ones; `at` is `performance.now()`. */
  readonly accepted = new Arrivals<{ refused: boolean; at: number }>();
  /** The side that closed each connection first. */
  readonly ends = new Arrivals<'client' | 'server'>();
  readonly port: number;

  readonly #server: LoopbackServer;
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  #refusing = false;

  private constructor(server: LoopbackServer, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.port = server.port;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    // Half-open, so that the FIN of one side is passed on as a FIN and does not close the other direction.
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(await LoopbackServer.listen(server), targetPort);
    server.on('connection', (socket: Socket) => proxy.#accept(socket));
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** How many connections are open. A frozen one counts until the proxy itself closes it. */
  get connections(): number {
    return this.#links.size;
  }

  /** Cuts every connection with a TCP RST to both sides. */
  reset(): void {
    for (const { near, far } of this.#links) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.#links.clear();
  }

  /** Whether new connections are reset at once. */
  refuse(on: boolean): void {
    this.#refusing = on;
  }

  /**
   * From now on the open connections carry nothing in either direction and do not react when one side closes.
   * new ones pass.
   */
  freeze(): void {
    for (const link of this.#links) {
      link.frozen = true;
      for (const socket of [link.near, link.far]) {
        socket.unpipe();
        socket.pause();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { far } of this.#links) far.destroy();
    this.#links.clear();
    await this.#server[Symbol.asyncDispose]();
  }

  #accept(near: Socket): void {
    const refused = this.#refusing;
    // 'close' follows every error. Without a listener, the error would end the test process.
    near.on('error', () => undefined);
    if (refused) near.resetAndDestroy();
    else this.#join(near);
    this.accepted.push({ refused, at: performance.now() });
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const link: Link = { near, far, frozen: false };
    this.#links.add(link);
    far.on('error', () => undefined);
    far.once('connect', () => {
      if (link.frozen) return;
      near.pipe(far);
      far.pipe(near);
    });
    const ended = (side: 'client' | 'server') => (): void => {
      if (link.ended === undefined) this.ends.push(side);
      link.ended ??= side;
    };
    near.once('end', ended('client')).once('close', ended('client'));
    far.once('end', ended('server')).once('close', ended('server'));
    near.once('close', (broken) => this.#lost(link, far, broken));
    far.once('close', (broken) => this.#lost(link, near, broken));
  }

  /** Passes the end of one side on to the other, a reset as a reset. */
  #lost(link: Link, other: Socket, broken: boolean): void {
    if (link.frozen) return;
    this.#links.delete(link);
    if (broken) other.resetAndDestroy();
    else other.destroy();
  }
}
