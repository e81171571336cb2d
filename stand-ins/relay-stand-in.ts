import { createServer } from 'node:http';

import { type NostrEvent, verifyEvent } from 'nostr-tools/pure';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

import { Arrivals } from './arrivals.ts';
import { clientMessage } from './client-message.ts';
import { LoopbackServer } from './loopback-server.ts';
import { type Filter, matchesFilter } from './relay-filter.ts';
import { relayFrame } from './relay-frame.ts';
import { RelayStore } from './relay-store.ts';

interface RelayOptions {
  port?: number;
  /** Off, the relay lies: it passes on whatever is published, duplicates and forged copies included. */
  verify?: boolean;
  /** Sends stored events even to a subscription that asked for none, as some relays do. */
  sendStoredDespiteLimitZero?: boolean;
  /** Never sends EOSE. */
  silentEose?: boolean;
  /** A REQ that names one of these kinds is answered with CLOSED. */
  refuseKinds?: readonly number[];
}

interface Client {
  readonly socket: WebSocket;
  readonly subscriptions: Map<string, readonly Filter[]>;
}

/** A real NIP-01 relay on the loopback interface, with the misbehaviour of relays in the wild on request. */
export class RelayStandIn implements AsyncDisposable {
  /** Every REQ, also the refused ones. */
  readonly requests = new Arrivals<{ subscription: string; filters: Filter[] }>();
  /** The subscription ids of every CLOSE. */
  readonly closes = new Arrivals<string>();
  /** Every AUTH event (NIP-42): each is answered with OK, to a challenge sent with `sendRaw`. */
  readonly auths = new Arrivals<NostrEvent>();
  readonly port: number;

  readonly #options: RelayOptions;
  readonly #server: LoopbackServer;
  readonly #clients = new Set<Client>();
  readonly #store = new RelayStore();
  readonly #answered = new Arrivals<readonly Filter[]>();

  private constructor(server: LoopbackServer, options: RelayOptions) {
    this.#server = server;
    this.#options = options;
    this.port = server.port;
  }

  static async start(options: RelayOptions = {}): Promise<RelayStandIn> {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http });
    const relay = new RelayStandIn(await LoopbackServer.listen(http, options.port), options);
    sockets.on('connection', (socket) => relay.#welcome(socket));
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Resolves when `n` REQs that cover this kind, counted since the start, have been answered with EOSE. */
  async subscribed(kind: number, n = 1, options: { timeoutMs?: number } = {}): Promise<void> {
    await this.#answered.atLeast(n, { ...options, where: (filters) => coverKind(filters, kind) });
  }

  /** The id of an open subscription that covers this kind, for frames made by hand. */
  liveSubscription(kind: number): string | undefined {
    for (const { subscriptions } of this.#clients) {
      for (const [id, filters] of subscriptions) if (coverKind(filters, kind)) return id;
    }
    return undefined;
  }

  /** Sends an event to every matching subscription, unverified and unstored: for forged events and floods. */
  broadcast(event: NostrEvent): void {
    const json = JSON.stringify(event);
    for (const { socket, subscriptions } of this.#clients) {
      for (const [id, filters] of subscriptions) {
        if (!filters.some((filter) => matchesFilter(filter, event))) continue;
        socket.send(`["EVENT",${JSON.stringify(id)},${json}]`);
      }
    }
  }

  /** Keeps an event, unverified, for later REQs without telling the open subscriptions. */
  store(event: NostrEvent): void {
    this.#store.keep(event);
  }

  sendRaw(data: string | Buffer, { binary = false }: { binary?: boolean } = {}): void {
    for (const { socket } of this.#clients) socket.send(data, { binary });
  }

  disconnectAll(): void {
    this.#clients.clear();
    this.#server.destroyConnections();
  }

  async stop(): Promise<void> {
    this.#clients.clear();
    await this.#server[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #welcome(socket: WebSocket): void {
    const client: Client = { socket, subscriptions: new Map() };
    this.#clients.add(client);
    socket.on('message', (data) => this.#handle(client, data));
    socket.on('close', () => this.#clients.delete(client));
    // Broken frames end in 'close' as well; unheard, the error would end the test process.
    socket.on('error', () => socket.terminate());
  }

  #handle(client: Client, data: RawData): void {
    const message = clientMessage(relayFrame(data));
    if (message === undefined) send(client, ['NOTICE', 'error: not a message this relay understands']);
    else if (message.type === 'EVENT') this.#accept(client, message.event);
    else if (message.type === 'AUTH') this.#authenticate(client, message.event);
    else if (message.type === 'REQ') this.#subscribe(client, message.subscription, message.filters);
    else this.#unsubscribe(client, message.subscription);
  }

  #accept(client: Client, event: NostrEvent): void {
    const { verify = true } = this.#options;
    if (verify && !verifyEvent(event)) {
      send(client, ['OK', event.id, false, 'invalid: bad id or signature']);
    } else if (verify && this.#store.has(event.id)) {
      send(client, ['OK', event.id, true, 'duplicate: already have this event']);
    } else {
      this.#store.add(event);
      send(client, ['OK', event.id, true, '']);
      this.broadcast(event);
    }
  }

  #subscribe(client: Client, subscription: string, filters: Filter[]): void {
    const { refuseKinds = [], sendStoredDespiteLimitZero = false, silentEose = false } = this.#options;
    const refused = filters.some(({ kinds }) => kinds?.some((kind) => refuseKinds.includes(kind)));
    if (refused) {
      client.subscriptions.delete(subscription);
      send(client, ['CLOSED', subscription, 'restricted: not for third parties']);
    } else {
      client.subscriptions.set(subscription, filters);
      for (const event of this.#store.query(filters, { ignoreLimitZero: sendStoredDespiteLimitZero })) {
        send(client, ['EVENT', subscription, event]);
      }
      if (!silentEose) send(client, ['EOSE', subscription]);
    }
    this.requests.push({ subscription, filters });
    if (!refused && !silentEose) this.#answered.push(filters);
  }

  #unsubscribe(client: Client, subscription: string): void {
    client.subscriptions.delete(subscription);
    this.closes.push(subscription);
  }

  #authenticate(client: Client, event: NostrEvent): void {
    const genuine = verifyEvent(event);
    send(client, ['OK', event.id, genuine, genuine ? '' : 'invalid: bad id or signature']);
    this.auths.push(event);
  }
}

function send({ socket }: Client, message: readonly unknown[]): void {
  socket.send(JSON.stringify(message));
}

function coverKind(filters: readonly Filter[], kind: number): boolean {
  return filters.some(({ kinds }) => kinds === undefined || kinds.includes(kind));
}
