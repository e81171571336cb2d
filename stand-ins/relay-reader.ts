import { once } from 'node:events';

import { WebSocket } from 'ws';

import { Arrivals } from './arrivals.ts';
import { relayFrame } from './relay-frame.ts';

type Frame = readonly unknown[];

/** A connection to a relay on which a test can send any message. */
export class RelayReader implements AsyncDisposable {
  /** Everything that the relay has said. */
  readonly frames = new Arrivals<Frame>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.frames.push(relayFrame(data)));
    // 'close' follows every error. Without a listener, the error would end the test process.
    socket.on('error', () => socket.terminate());
  }

  static async connect(relayUrl: string): Promise<RelayReader> {
    const socket = new WebSocket(relayUrl);
    const reader = new RelayReader(socket);
    await once(socket, 'open');
    return reader;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  say(...message: Frame): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends a message and resolves with the next frame of one of these types. */
  async ask(types: readonly string[], ...message: Frame): Promise<Frame> {
    const answer = this.frames.next(([type]) => types.includes(String(type)));
    this.say(...message);
    return answer;
  }

  /** The ids of the stored events that answer a REQ, in their order. */
  async page(...filters: readonly object[]): Promise<unknown[]> {
    const before = this.frames.count;
    await this.ask(['EOSE'], 'REQ', 'page', ...filters);
    const events = this.frames.all.slice(before).filter(([type]) => type === 'EVENT');
    return events.map(([, , event]) => (event as { id: unknown }).id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }
}
