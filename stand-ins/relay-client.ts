import { randomUUID } from 'node:crypto';

import type { WebSocket } from 'ws';

import type { Filter } from './relay-filter.ts';

/** A connection of a client, as the relay sees it. */
export class RelayClient {
  readonly subscriptions = new Map<string, readonly Filter[]>();
  /** The `Host` header: the host and port that the client says it dialled. */
  readonly host: string | undefined;
  /** The challenge of this connection (NIP-42). */
  readonly challenge = randomUUID();
  challenged = false;
  /** The public keys that have authenticated on this connection. */
  pubkey: string | undefined;
  readonly #socket: WebSocket;
  readonly #spell: (json: string) => string;

  constructor(socket: WebSocket, host: string | undefined, spell: (json: string) => string = (json) => json) {
    this.#socket = socket;
    this.#spell = spell;
    this.host = host;
  }

  send(message: readonly unknown[]): void {
    this.sendJson(JSON.stringify(message));
  }

  /** Sends a message as JSON, with the characters escaped as this relay does it. */
  sendJson(json: string): void {
    this.sendRaw(this.#spell(json));
  }

  sendRaw(data: string | Buffer, { binary = false }: { binary?: boolean } = {}): void {
    this.#socket.send(data, { binary });
  }

  /** Sends one message as fragments of so many bytes (RFC 6455, section 5.4). */
  sendFragments(data: Buffer, bytes: number): void {
    for (let at = 0; at < data.length; at += bytes)
      this.#socket.send(data.subarray(at, at + bytes), { binary: false, fin: at + bytes >= data.length });
  }

  challengeOnce(): void {
    if (this.challenged) return;
    this.challenged = true;
    this.send(['AUTH', this.challenge]);
  }
}
