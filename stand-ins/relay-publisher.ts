import { once } from 'node:events';

import type { NostrEvent } from 'nostr-tools/pure';
import { type RawData, WebSocket } from 'ws';

import { relayFrame } from './relay-frame.ts';

interface Pending {
  id: string;
  resolve: () => void;
  reject: (reason: Error) => void;
}

/** A connection to a relay on which events are published. Several can be published at the same time. */
export class RelayPublisher {
  readonly #socket: WebSocket;
  readonly #pending = new Set<Pending>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#answer(data));
    socket.on('close', () => this.#abandon());
    // 'close' follows every error, and its listener rejects everything that is pending.
    socket.on('error', () => socket.terminate());
  }

  static async connect(relayUrl: string): Promise<RelayPublisher> {
    const socket = new WebSocket(relayUrl);
    await once(socket, 'open');
    return new RelayPublisher(socket);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Resolves when the relay has accepted the event. Rejects with the relay's message if it refuses. */
  publish(event: NostrEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.add({ id: event.id, resolve, reject });
      this.#socket.send(JSON.stringify(['EVENT', event]));
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #answer(data: RawData): void {
    const [type, id, accepted, message] = relayFrame(data);
    if (type !== 'OK') return;
    const pending = this.#take(id);
    if (accepted === true) pending?.resolve();
    else pending?.reject(new Error(`the relay refused the event: ${String(message)}`));
  }

  #take(id: unknown): Pending | undefined {
    for (const pending of this.#pending) {
      if (pending.id !== id) continue;
      this.#pending.delete(pending);
      return pending;
    }
    return undefined;
  }

  #abandon(): void {
    for (const { reject } of this.#pending) reject(new Error('the relay closed the connection'));
    this.#pending.clear();
  }
}
