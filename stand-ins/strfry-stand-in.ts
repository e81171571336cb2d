import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import type { NostrEvent } from 'nostr-tools/pure';
import { type WebSocket, WebSocketServer } from 'ws';

import { Arrivals } from './arrivals.ts';
import { LoopbackServer } from './loopback-server.ts';
import { type Filter, matchesFilter } from './relay-filter.ts';
import { relayFrame } from './relay-frame.ts';
import { RelayInformation } from './relay-information.ts';
import { RelayStore } from './relay-store.ts';
import {
  badFilters,
  badSubscription,
  MAX_FRAME_BYTES,
  STRFRY_DEFAULTS,
  type StrfryConfig,
  strfryInformation,
} from './strfry-rules.ts';

/** How long after an event it reaches subscriptions: strfry looks at what has changed in its database. */
const CHANGE_MS = 100;
const AUTH_KIND = 22_242;

interface Client {
  readonly socket: WebSocket;
  readonly subscriptions: Map<string, readonly Filter[]>;
  challenge?: string;
  pubkey?: string;
  isAlive: boolean;
}

/**
 * A relay by strfry's rules, from its documentation, configuration and source. It believes every signature: what tests publish is
 * genuine.
 */
export class StrfryStandIn implements AsyncDisposable {
  /** Why a REQ, or another message, was not taken. */
  readonly refusals = new Arrivals<string>();
  /** The filters of every REQ that was taken. */
  readonly requests = new Arrivals<readonly Filter[]>();
  readonly port: number;
  readonly #server: LoopbackServer;
  readonly #config: Required<StrfryConfig>;
  readonly #store: RelayStore;
  readonly #clients = new Set<Client>();
  readonly #pings: NodeJS.Timeout;
  /** What has been stored and not been looked at. */
  #changes: NostrEvent[] = [];

  private constructor(server: LoopbackServer, config: Required<StrfryConfig>, store: RelayStore) {
    this.#server = server;
    this.#config = config;
    this.#store = store;
    this.port = server.port;
    this.#pings = setInterval(() => this.#ping(), config.pingIntervalMs);
  }

  /** @param store the events of an earlier run */
  static async start(
    config: StrfryConfig = {},
    { port = 0, store = new RelayStore() }: { port?: number; store?: RelayStore } = {},
  ): Promise<StrfryStandIn> {
    const whole = { ...STRFRY_DEFAULTS, ...config };
    const document = whole.hidesInformation ? undefined : strfryInformation(whole);
    const http = createServer(new RelayInformation(document).listener);
    const sockets = new WebSocketServer({ server: http, maxPayload: MAX_FRAME_BYTES });
    const relay = new StrfryStandIn(await LoopbackServer.listen(http, port), whole, store);
    sockets.on('connection', (socket) => relay.#welcome(socket));
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pings);
    this.#clients.clear();
    await this.#server[Symbol.asyncDispose]();
  }

  #welcome(socket: WebSocket): void {
    const client: Client = { socket, subscriptions: new Map(), isAlive: true };
    this.#clients.add(client);
    socket.on('message', (data) => this.#receive(client, relayFrame(data)));
    socket.on('pong', () => (client.isAlive = true));
    socket.on('close', () => this.#clients.delete(client));
    socket.on('error', () => socket.terminate());
  }

  #ping(): void {
    for (const client of this.#clients) {
      if (client.isAlive) client.socket.ping();
      else client.socket.terminate();
      client.isAlive = false;
    }
  }

  #send({ socket }: Client, message: readonly unknown[]): void {
    socket.send(JSON.stringify(message));
    if (socket.bufferedAmount > this.#config.maxPendingBytes) socket.terminate();
  }

  #notice(client: Client, text: string): void {
    this.refusals.push(text);
    this.#send(client, ['NOTICE', `ERROR: ${text}`]);
  }

  #closed(client: Client, subscription: string, text: string): void {
    this.refusals.push(text);
    this.#send(client, ['CLOSED', subscription, `ERROR: ${text}`]);
  }

  #receive(client: Client, frame: readonly unknown[]): void {
    const [type, subject, ...rest] = frame;
    if (frame.length < 2) this.#notice(client, 'bad msg: too few array elements');
    else if (type === 'EVENT') this.#publish(client, subject as NostrEvent);
    else if (type === 'AUTH') this.#authenticate(client, subject as NostrEvent);
    else if (type === 'REQ') this.#request(client, subject, rest);
    else if (type === 'CLOSE') client.subscriptions.delete(String(subject));
    else if (String(type).startsWith('NEG-')) this.#notice(client, 'bad msg: negentropy disabled');
    else this.#notice(client, 'bad msg: unknown cmd');
  }

  #publish(client: Client, event: NostrEvent): void {
    const isKnown = this.#store.has(event.id);
    this.#send(client, ['OK', event.id, true, isKnown ? 'duplicate: have this event' : '']);
    if (isKnown) return;
    this.#store.add(event);
    if (this.#changes.length === 0) setTimeout(() => this.#lookAtChanges(), CHANGE_MS);
    this.#changes.push(event);
  }

  #lookAtChanges(): void {
    const changes = this.#changes;
    this.#changes = [];
    for (const event of changes) {
      for (const client of this.#clients) {
        for (const [id, filters] of client.subscriptions) {
          if (filters.some((filter) => matchesFilter(filter, event))) this.#pass(client, id, event);
        }
      }
    }
  }

  /** Without a word, an event of a restricted kind is left out for those who are not involved. */
  #pass(client: Client, subscription: string, event: NostrEvent): void {
    const { pubkey } = client;
    const isInvolved =
      pubkey !== undefined &&
      (event.pubkey === pubkey || event.tags.some(([name, value]) => name === 'p' && value === pubkey));
    if (this.#config.restrictedKinds.includes(event.kind) && !isInvolved) return;
    this.#send(client, ['EVENT', subscription, event]);
  }

  #request(client: Client, subscription: unknown, filters: readonly unknown[]): void {
    const problem = badSubscription(subscription) ?? badFilters(filters);
    const id = String(subscription);
    if (problem === undefined) return this.#answer(client, id, filters as readonly Filter[]);
    const isNameless = badSubscription(subscription) !== undefined || filters.length === 0;
    if (isNameless || this.#config.noticesBadRequests) this.#notice(client, `bad req: ${problem}`);
    else this.#closed(client, id, `bad req: ${problem}`);
  }

  #answer(client: Client, id: string, filters: readonly Filter[]): void {
    const { maxLimit, maxSubscriptions, restrictedKinds } = this.#config;
    this.requests.push(filters);
    const isRestricted = filters.every(
      ({ kinds = [] }) => kinds.length > 0 && kinds.every((kind) => restrictedKinds.includes(kind)),
    );
    if (isRestricted && client.pubkey === undefined) {
      if (client.challenge === undefined) {
        client.challenge = randomBytes(16).toString('hex');
        this.#send(client, ['AUTH', client.challenge]);
      }
      return this.#closed(client, id, 'auth-required: requested filter requires authentication');
    }
    const sent = new Set<NostrEvent>();
    // One filter after the other, each newest first.
    for (const filter of filters)
      for (const event of this.#store.query([filter], { maxLimit })) sent.add(event);
    for (const event of sent) this.#pass(client, id, event);
    this.#send(client, ['EOSE', id]);
    // Only now is there a place needed for what comes live.
    client.subscriptions.delete(id);
    if (client.subscriptions.size >= maxSubscriptions) this.#notice(client, 'too many concurrent REQs');
    else client.subscriptions.set(id, filters);
  }

  #authenticate(client: Client, { id, kind, pubkey, tags }: NostrEvent): void {
    const { serviceUrl } = this.#config;
    const named = (name: string): string => tags.find(([one]) => one === name)?.[1] ?? '';
    const problem =
      (serviceUrl === '' && 'relay needs serviceUrl to be configured before AUTH can work') ||
      (kind !== AUTH_KIND && 'wrong event kind, expected 22242') ||
      (client.challenge === undefined && 'no auth status available for connection') ||
      (client.pubkey !== undefined && 'already authenticated') ||
      (named('challenge') !== client.challenge && 'challenge string mismatch') ||
      (hostOf(named('relay')) !== hostOf(serviceUrl) && 'incorrect or missing relay tag');
    if (problem === false) client.pubkey = pubkey;
    this.#send(client, ['OK', id, problem === false, problem || 'successfully authenticated'].map(prefixed));
  }
}

/** Scheme and path do not count. */
function hostOf(url: string): string {
  return url
    .replace(/^[^/]*:\/\//, '')
    .replace(/[/?#].*$/, '')
    .toLowerCase();
}

function prefixed(value: unknown, at: number, [, , accepted]: readonly unknown[]): unknown {
  return at === 3 && accepted === false ? `error: ${String(value)}` : value;
}
