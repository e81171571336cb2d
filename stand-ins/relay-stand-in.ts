import { createServer } from 'node:http';

import type { NostrEvent } from 'nostr-tools/pure';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

import { Arrivals } from './arrivals.ts';
import { LoopbackServer } from './loopback-server.ts';
import { RelayClient } from './relay-client.ts';
import { coverKind, type Filter } from './relay-filter.ts';
import { relayFrame } from './relay-frame.ts';
import { RelayInformation } from './relay-information.ts';
import type { RelayOptions } from './relay-options.ts';
import { RelayProtocol } from './relay-protocol.ts';

/** A real NIP-01 relay on the loopback interface. Its options make it misbehave as relays on the internet do. */
export class RelayStandIn implements AsyncDisposable {
  /** Every REQ, also the refused ones. */
  readonly requests: Arrivals<{ subscription: string; filters: Filter[] }>;
  /** The subscription ids of every CLOSE. */
  readonly closes: Arrivals<string>;
  /** Every AUTH event (NIP-42), also the refused ones; without `auth`, to a challenge sent with `sendRaw`. */
  readonly auths: Arrivals<NostrEvent>;
  /** The filter of every NEG-OPEN (NIP-77). */
  readonly negotiations: Arrivals<Filter>;
  /** The `User-Agent` of every connection. */
  readonly userAgents = new Arrivals<string | undefined>();
  /** Every frame that arrived while answers were paused. */
  readonly heldFrames = new Arrivals<readonly unknown[]>();
  readonly port: number;

  readonly #server: LoopbackServer;
  readonly #protocol: RelayProtocol;
  readonly #information: RelayInformation;
  readonly #clients: Set<RelayClient>;
  readonly #spell: RelayOptions['spell'];
  #held: (() => void)[] | undefined;

  private constructor(server: LoopbackServer, information: RelayInformation, options: RelayOptions) {
    this.#server = server;
    this.#information = information;
    this.#spell = options.spell;
    this.#protocol = new RelayProtocol(options);
    const { clients, requests, closes, auths, negotiations } = this.#protocol;
    this.#clients = clients;
    this.requests = requests;
    this.closes = closes;
    this.auths = auths;
    this.negotiations = negotiations;
    this.port = server.port;
  }

  static async start(options: RelayOptions = {}): Promise<RelayStandIn> {
    const information = new RelayInformation(options.information);
    const http = createServer(information.listener);
    const sockets = new WebSocketServer({ server: http });
    const relay = new RelayStandIn(await LoopbackServer.listen(http, options.port), information, options);
    sockets.on('connection', (socket, { headers }) => {
      relay.userAgents.push(headers['user-agent']);
      relay.#welcome(socket, headers.host);
    });
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** How often the NIP-11 document was asked for, whether there was one or not. */
  get informationRequests(): number {
    return this.#information.requests;
  }

  /** The `User-Agent` of the last request for the NIP-11 document. */
  get informationUserAgent(): string | undefined {
    return this.#information.userAgent;
  }

  /** Resolves when `n` REQs that cover this kind, counted since the start, have been answered with EOSE. */
  async subscribed(kind: number, n = 1, options: { timeoutMs?: number } = {}): Promise<void> {
    await this.#protocol.answered.atLeast(n, { ...options, where: (filters) => coverKind(filters, kind) });
  }

  /** The id of an open subscription that covers this kind, for frames made by hand. */
  liveSubscription(kind: number): string | undefined {
    for (const { subscriptions } of this.#clients) {
      for (const [id, filters] of subscriptions) if (coverKind(filters, kind)) return id;
    }
    return undefined;
  }

  /** Sends an event to every matching subscription without verifying or storing it: for forged events and floods. */
  broadcast(event: NostrEvent): void {
    this.#protocol.broadcast(event);
  }

  /** Stores an event for later REQs without verifying it. Open subscriptions do not get it. */
  store(event: NostrEvent): void {
    this.#protocol.store.keep(event);
  }

  /** Like {@link store}, but fast enough for tens of thousands of events. */
  storeAll(events: readonly NostrEvent[]): void {
    this.#protocol.store.keepAll(events);
  }

  sendRaw(data: string | Buffer, options: { binary?: boolean } = {}): void {
    for (const client of this.#clients) client.sendRaw(data, options);
  }

  /** Sends one message to every client, as fragments of so many bytes. */
  sendFragments(data: Buffer, bytes: number): void {
    for (const client of this.#clients) client.sendFragments(data, bytes);
  }

  /** From now on frames of clients are kept unanswered, in their order. What the test sends goes out. */
  pauseAnswers(): void {
    this.#held ??= [];
  }

  resumeAnswers(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const answer of held) answer();
  }

  /** Drops every open subscription without telling the client. The connections stay open. */
  dropSubscriptionsSilently(): void {
    for (const { subscriptions } of this.#clients) subscriptions.clear();
  }

  /** Closes every open subscription that covers this kind, with this message. */
  closeSubscriptions(kind: number, message: string): void {
    for (const client of this.#clients) {
      for (const [id, filters] of client.subscriptions) {
        if (!coverKind(filters, kind)) continue;
        client.subscriptions.delete(id);
        client.send(['CLOSED', id, message]);
      }
    }
  }

  disconnectAll(): void {
    this.#clients.clear();
    this.#server.destroyConnections();
  }

  /** Cuts every connection with a TCP RST. */
  resetAll(): void {
    this.#clients.clear();
    this.#server.resetConnections();
  }

  async stop(): Promise<void> {
    this.#clients.clear();
    await this.#server[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #welcome(socket: WebSocket, host: string | undefined): void {
    const client = new RelayClient(socket, host, this.#spell);
    socket.on('message', (data) => this.#receive(client, data));
    socket.on('close', () => this.#clients.delete(client));
    // After a broken frame 'close' follows too. Without a listener, the error would end the test process.
    socket.on('error', () => socket.terminate());
    this.#protocol.welcome(client);
  }

  #receive(client: RelayClient, data: RawData): void {
    const frame = relayFrame(data);
    if (this.#held === undefined) {
      this.#protocol.handle(client, frame);
    } else {
      this.#held.push(() => this.#clients.has(client) && this.#protocol.handle(client, frame));
      this.heldFrames.push(frame);
    }
  }
}
