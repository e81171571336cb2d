import { once } from 'node:events';

import type { NostrEvent } from 'nostr-tools/pure';
import { WebSocket } from 'ws';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import type { Filter } from '../../stand-ins/relay-filter.ts';
import { relayFrame } from '../../stand-ins/relay-frame.ts';

const SUBSCRIPTION = 'test';

/** One REQ on its own connection, after EOSE. */
export class RelaySubscription implements Disposable {
  /** What the relay sent before EOSE, in its order. */
  readonly stored: readonly NostrEvent[];
  /** What it has sent since. */
  readonly live = new Arrivals<NostrEvent>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, stored: readonly NostrEvent[]) {
    this.#socket = socket;
    this.stored = stored;
    socket.on('message', (data) => {
      const [type, , event] = relayFrame(data);
      if (type === 'EVENT') this.live.push(event as NostrEvent);
    });
  }

  /** Resolves at EOSE; rejects with the relay's words when it will not serve the REQ. */
  static async open(relayUrl: string, ...filters: readonly Filter[]): Promise<RelaySubscription> {
    const socket = new WebSocket(relayUrl);
    await once(socket, 'open');
    try {
      return new RelaySubscription(socket, await storedEvents(socket, filters));
    } catch (error) {
      socket.terminate();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}

function storedEvents(socket: WebSocket, filters: readonly Filter[]): Promise<NostrEvent[]> {
  const stored: NostrEvent[] = [];
  return new Promise((resolve, reject) => {
    socket.on('message', function read(data) {
      const [type, subject, detail] = relayFrame(data);
      if (type === 'EVENT') stored.push(detail as NostrEvent);
      else if (type === 'CLOSED') reject(new Error(`the relay refused the REQ: ${String(detail)}`));
      else if (type === 'NOTICE') reject(new Error(`the relay complained: ${String(subject)}`));
      if (type !== 'EOSE') return;
      socket.off('message', read);
      resolve(stored);
    });
    // An error is always followed by 'close'.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => reject(new Error('the relay closed the connection')));
    socket.send(JSON.stringify(['REQ', SUBSCRIPTION, ...filters]));
  });
}
