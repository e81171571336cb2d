import { type NostrEvent, verifyEvent } from 'nostr-tools/pure';

import { Arrivals } from './arrivals.ts';
import { clientMessage, type ClientMessage } from './client-message.ts';
import { RelayAuth } from './relay-auth.ts';
import type { RelayClient } from './relay-client.ts';
import { type Filter, matchesFilter } from './relay-filter.ts';
import { NegentropyServer } from './relay-negentropy.ts';
import type { RelayOptions } from './relay-options.ts';
import { RelayStore } from './relay-store.ts';
import { wrongAnswer, type StoredAnswer } from './wrong-pages.ts';

type NegotiationMessage = Extract<ClientMessage, { type: 'NEG-OPEN' | 'NEG-MSG' | 'NEG-CLOSE' }>;

function withoutLimit(filter: Filter): Filter {
  return { ...filter, limit: Infinity };
}

/** The answers of a relay: NIP-01, with authentication by NIP-42 and reconciliation by NIP-77. */
export class RelayProtocol {
  readonly requests = new Arrivals<{ subscription: string; filters: Filter[] }>();
  readonly closes = new Arrivals<string>();
  readonly auths = new Arrivals<NostrEvent>();
  /** The filter of every NEG-OPEN. */
  readonly negotiations = new Arrivals<Filter>();
  readonly #negotiating = new Map<string, NegentropyServer>();
  /** The filters of every REQ that was answered with EOSE. */
  readonly answered = new Arrivals<readonly Filter[]>();
  readonly clients = new Set<RelayClient>();
  readonly store = new RelayStore();

  readonly #options: RelayOptions;
  readonly #auth: RelayAuth;
  #accepted = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#auth = new RelayAuth(options.auth);
  }

  welcome(client: RelayClient): void {
    this.clients.add(client);
    this.#auth.greet(client);
  }

  /** Sends an event to every matching subscription of a client that may see it. */
  broadcast(event: NostrEvent): void {
    const json = JSON.stringify(event);
    for (const client of this.clients) {
      if (!this.#auth.maySee(client, event.kind)) continue;
      for (const [id, filters] of client.subscriptions) {
        if (!filters.some((filter) => matchesFilter(filter, event))) continue;
        client.sendJson(`["EVENT",${JSON.stringify(id)},${json}]`);
      }
    }
  }

  handle(client: RelayClient, frame: readonly unknown[]): void {
    const message = clientMessage(frame);
    if (message === undefined) client.send(['NOTICE', 'error: not a message this relay understands']);
    else if (message.type === 'EVENT') this.#accept(client, message.event);
    else if (message.type === 'AUTH') this.#authenticate(client, message.event);
    else if (message.type === 'REQ') this.#subscribe(client, message.subscription, message.filters);
    else if (message.type === 'CLOSE') this.#unsubscribe(client, message.subscription);
    else this.#negotiate(client, message);
  }

  #negotiate(client: RelayClient, message: NegotiationMessage): void {
    const { negentropy } = this.#options;
    const { subscription } = message;
    if (negentropy === undefined) return client.send(['NOTICE', 'error: unknown message']);
    if (message.type === 'NEG-CLOSE') return void this.#negotiating.delete(subscription);
    const instead = negentropy.instead?.(subscription, message.message);
    if (message.type === 'NEG-OPEN') {
      this.negotiations.push(message.filter);
      if (instead === undefined && !this.#beginNegotiation(client, subscription, message.filter)) return;
    }
    const answer = (): readonly unknown[] => {
      const server = this.#negotiating.get(subscription);
      if (server === undefined) return ['NEG-ERR', subscription, 'closed: unknown'];
      return ['NEG-MSG', subscription, server.answer(message.message)];
    };
    for (const frame of instead ?? [answer()]) client.send(frame);
  }

  /** @returns whether the relay takes so many events */
  #beginNegotiation(client: RelayClient, subscription: string, filter: Filter): boolean {
    const { frameBytes, mostEvents = Infinity, newest } = this.#options.negentropy ?? {};
    const events = this.store.query([filter]).slice(0, newest);
    if (events.length > mostEvents) client.send(['NEG-ERR', subscription, 'blocked: this query is too big']);
    if (events.length > mostEvents) return false;
    const items = events.map(({ created_at: second, id }) => ({ second, id }));
    this.#negotiating.set(subscription, new NegentropyServer(items, frameBytes));
    return true;
  }

  #accept(client: RelayClient, event: NostrEvent): void {
    const { verify = true } = this.#options;
    if (verify && !verifyEvent(event)) {
      client.send(['OK', event.id, false, 'invalid: bad id or signature']);
    } else if (verify && this.store.has(event.id)) {
      client.send(['OK', event.id, true, 'duplicate: already have this event']);
    } else {
      this.store.add(event);
      client.send(['OK', event.id, true, '']);
      if (++this.#accepted % (this.#options.dropEvery ?? Infinity) !== 0) this.broadcast(event);
    }
  }

  #subscribe(client: RelayClient, subscription: string, filters: Filter[]): void {
    if (this.#makeRoom(client, subscription)) this.#open(client, subscription, filters);
    else this.requests.push({ subscription, filters });
  }

  /** @returns whether the client may have this subscription */
  #makeRoom(client: RelayClient, subscription: string): boolean {
    const { count = Infinity, beyond } = this.#options.maxSubscriptions ?? {};
    if (client.subscriptions.has(subscription) || client.subscriptions.size < count) return true;
    if (beyond === 'notice') client.send(['NOTICE', 'ERROR: too many concurrent REQs']);
    if (beyond === 'closed') client.send(['CLOSED', subscription, 'error: too many subscriptions']);
    if (beyond === 'notice' || beyond === 'closed') return false;
    const [oldest] = client.subscriptions.keys();
    if (oldest === undefined) return true;
    client.subscriptions.delete(oldest);
    if (beyond === 'push out closed') client.send(['CLOSED', oldest, 'error: replaced']);
    return true;
  }

  #open(client: RelayClient, subscription: string, filters: Filter[]): void {
    const { limitZero } = this.#options;
    const isEmpty = limitZero !== undefined && filters.every(({ limit }) => limit === 0);
    const silentEose = this.#options.silentEose === true || (isEmpty && limitZero === 'no eose');
    const refusal =
      isEmpty && limitZero !== 'no eose' ? 'invalid: limit must be positive' : this.#refusal(client, filters);
    if (isEmpty && limitZero === 'notice') client.send(['NOTICE', 'invalid: limit must be positive']);
    else if (refusal === undefined) {
      client.subscriptions.set(subscription, filters);
      const { before, after } = this.#stored(client, filters);
      for (const event of before) client.send(['EVENT', subscription, event]);
      const hint = this.#options.eoseHint?.(
        before.length,
        this.store.query(filters.map(withoutLimit)).length,
      );
      if (!silentEose) client.send(['EOSE', subscription, ...(hint === undefined ? [] : [hint])]);
      for (const event of after) client.send(['EVENT', subscription, event]);
    } else {
      client.subscriptions.delete(subscription);
      client.send(['CLOSED', subscription, refusal]);
    }
    this.requests.push({ subscription, filters });
    if (refusal === undefined && !silentEose) this.answered.push(filters);
  }

  #refusal(client: RelayClient, filters: readonly Filter[]): string | undefined {
    const { refusal = 'restricted: not for third parties', refuseKinds = [] } = this.#options;
    const refused = filters.some(({ kinds }) => kinds?.some((kind) => refuseKinds.includes(kind)));
    return refused ? refusal : this.#auth.refusal(client, filters);
  }

  #stored(client: RelayClient, filters: readonly Filter[]): StoredAnswer {
    const {
      wrongPages,
      sendStoredDespiteLimitZero: ignoreLimitZero = false,
      maxLimit = Infinity,
      oldestFirst = false,
    } = this.#options;
    if (wrongPages !== undefined) return wrongAnswer(this.store, filters, wrongPages, maxLimit);
    const page = this.store
      .query(filters, { ignoreLimitZero, maxLimit })
      .filter(({ kind }) => this.#auth.maySee(client, kind));
    return { before: oldestFirst ? page.toReversed() : page, after: [] };
  }

  #unsubscribe(client: RelayClient, subscription: string): void {
    client.subscriptions.delete(subscription);
    this.closes.push(subscription);
    if (this.#options.noticeOnClose === true) client.send(['NOTICE', `${subscription} is closed`]);
  }

  #authenticate(client: RelayClient, event: NostrEvent): void {
    const problem = this.#options.refuseAuth
      ? 'restricted: no client is let in'
      : this.#auth.problem(client, event);
    client.send(['OK', event.id, problem === undefined, problem ?? '']);
    this.auths.push(event);
  }
}
