import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocketServer, type WebSocket } from 'ws';

import { NegentropyServer } from '../../stand-ins/relay-negentropy.ts';

const KIND = 1059;
/** With its envelope, a gift wrap has about a kilobyte then. The smallest that Mostro sends have more. */
const CONTENT = 'A'.repeat(560);
const TAIL = `"kind":${KIND},"tags":[["p","${'ab'.repeat(32)}"]],"content":"${CONTENT}","pubkey":"${'cd'.repeat(32)}","sig":"${'ef'.repeat(64)}"}]`;
const PAGE = 500;
/** How many bytes may wait for the reader before the relay pauses. */
const HIGH_WATER = 4 * 1024 * 1024;

interface Filter {
  readonly kinds?: readonly number[];
  readonly ids?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
}

interface Wrap {
  readonly id: string;
  readonly second: number;
}

/** A relay on the loopback interface with very many gift wraps for strangers, which are made when they are sent. Nobody verifies them. */
export class StoredWraps implements AsyncDisposable {
  readonly #http: Server;
  readonly #clients = new Set<WebSocket>();
  /** The newest last. */
  #wraps: readonly Wrap[] = [];
  #byId: ReadonlyMap<string, Wrap> = new Map();
  #negentropy: NegentropyServer | undefined;
  /** What clients have sent, in bytes. */
  received = 0;
  /** The ids of the subscriptions to live gift wraps, the latest last. */
  readonly live: { readonly client: WebSocket; readonly id: string }[] = [];

  private constructor(http: Server) {
    this.#http = http;
  }

  /** @param nips the NIPs that its document lists */
  static async start(nips: readonly number[]): Promise<StoredWraps> {
    const http = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'application/nostr+json' }).end(
        JSON.stringify({
          supported_nips: nips,
          limitation: { max_limit: PAGE, max_message_length: 131_072 },
        }),
      ),
    );
    const relay = new StoredWraps(http);
    new WebSocketServer({ server: http }).on('connection', (socket) => relay.#welcome(socket));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Stores these wraps, and prepares the answers, as a relay with an index has them at hand. */
  store(wraps: readonly Wrap[]): void {
    this.#wraps = wraps.toSorted((a, b) => a.second - b.second || (a.id < b.id ? -1 : 1));
    this.#byId = new Map(this.#wraps.map((wrap) => [wrap.id, wrap]));
    // strfry ends an answer at this size.
    this.#negentropy = new NegentropyServer(this.#wraps, 500_000);
  }

  /** Sends these wraps to the latest live subscription, without their contents. */
  async sendLive(wraps: readonly Wrap[]): Promise<void> {
    const { client, id } = this.live.at(-1) ?? {};
    if (client === undefined) throw new Error('nobody listens');
    for (const [n, wrap] of wraps.entries()) {
      client.send(eventMessage(String(id), wrap).replace(CONTENT, ''));
      if (n % 500 === 0) await drained(client);
    }
    await drained(client, 0);
  }

  cut(): void {
    for (const client of this.#clients) client.terminate();
    this.live.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #welcome(client: WebSocket): void {
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    client.on('message', (data: Buffer) => {
      this.received += data.length;
      void this.#answer(client, JSON.parse(data.toString('utf8')) as [string, string, ...unknown[]]);
    });
  }

  async #answer(client: WebSocket, [type, id, first, second]: [string, string, ...unknown[]]): Promise<void> {
    const isNegotiation = type === 'NEG-OPEN' || type === 'NEG-MSG';
    if (isNegotiation) {
      const answer = this.#negentropy?.answer(String(type === 'NEG-OPEN' ? second : first));
      client.send(JSON.stringify(['NEG-MSG', id, answer]));
    }
    if (type !== 'REQ') return;
    const filter = first as Filter;
    if (filter.limit === 0 && filter.kinds?.includes(KIND) === true) this.live.push({ client, id });
    const page = filter.kinds?.includes(KIND) === true && filter.limit !== 0 ? this.#page(filter) : [];
    for (const [n, wrap] of page.entries()) {
      client.send(eventMessage(id, wrap));
      if (n % 100 === 99) await drained(client);
    }
    client.send(JSON.stringify(['EOSE', id]));
  }

  #page({ ids, limit = PAGE, since = 0, until = Infinity }: Filter): readonly Wrap[] {
    if (ids !== undefined) return ids.map((id) => this.#byId.get(id)).filter((wrap) => wrap !== undefined);
    const [from, to] = [
      this.#indexOf(since),
      until === Infinity ? this.#wraps.length : this.#indexOf(until + 1),
    ];
    return this.#wraps.slice(Math.max(from, to - Math.min(limit, PAGE)), to).toReversed();
  }

  /** The first wrap of this second or a later one. */
  #indexOf(second: number): number {
    let [low, high] = [0, this.#wraps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#wraps[middle]?.second ?? 0) < second) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Gift wraps whose times are spread over the two days before `now`, as NIP-59 has it. */
export function spreadWraps(name: string, count: number, now: number): Wrap[] {
  return Array.from({ length: count }, (_, n) => {
    const hash = createHash('sha256').update(`${name}${n}`).digest();
    return { id: hash.toString('hex'), second: now - (hash.readUInt32LE(0) % 172_800) };
  });
}

/** The size of one event as the relay sends it. */
export function eventBytes(): number {
  return eventMessage('0'.repeat(16), { id: '0'.repeat(64), second: 1_700_000_000 }).length;
}

function eventMessage(subscription: string, { id, second }: Wrap): string {
  return `["EVENT","${subscription}",{"id":"${id}","created_at":${second},${TAIL}`;
}

async function drained(client: WebSocket, most = HIGH_WATER): Promise<void> {
  while (client.readyState === client.OPEN && client.bufferedAmount > most)
    await new Promise((resolve) => void setTimeout(resolve, 2));
}
