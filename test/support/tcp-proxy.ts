import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { onTestFinished } from 'vitest';

type Mode = 'through' | 'hold' | 'refuse';

/**
 * A TCP proxy between a server and what it connects to, whose line the test disturbs. It ends with the test.
 */
export class TcpProxy {
  readonly #server: Server;
  #target: number;
  readonly #pairs = new Set<readonly [near: Socket, far: Socket]>();
  #mode: Mode = 'through';
  #delayMs = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (near) => this.#onConnection(near));
  }

  /** @param target the port that it leads to, on the loopback interface */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, target);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Leads somewhere else from now on. Every connection is cut. */
  leadTo(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Cuts every connection; new ones are let through. */
  cut(): void {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.resetAndDestroy();
  }

  /** Cuts every connection, and every new one. */
  refuse(): void {
    this.#mode = 'refuse';
    this.cut();
  }

  /** Passes on nothing more, in either direction, and keeps every connection open: a line that is dead without a word. New connections are taken, too. */
  hold(): void {
    this.#mode = 'hold';
    for (const sockets of this.#pairs) for (const socket of sockets) socket.pause();
  }

  /** Passes on everything again, what was held too. */
  restore(): void {
    this.#mode = 'through';
    this.#delayMs = 0;
    for (const sockets of this.#pairs) for (const socket of sockets) socket.resume();
  }

  /** From now on everything arrives so much later, in each direction. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async close(): Promise<void> {
    this.refuse();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #onConnection(near: Socket): void {
    if (this.#mode === 'refuse') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.#join(near, far);
    this.#join(far, near);
    for (const socket of pair) {
      if (this.#mode === 'hold') socket.pause();
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  }

  #join(from: Socket, to: Socket): void {
    /** What is on its way, in order, also if the delay becomes shorter meanwhile. */
    const waiting: (() => void)[] = [];
    const later = (pass: () => void): void => {
      if (this.#delayMs === 0 && waiting.length === 0) return pass();
      waiting.push(pass);
      setTimeout(() => waiting.shift()?.(), this.#delayMs);
    };
    from.setNoDelay(true);
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
  }
}
