import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { type WebSocket, WebSocketServer } from 'ws';

import { Arrivals } from './arrivals.ts';
import { type Answer, httpExchange, type ReceivedRequest } from './http-exchange.ts';
import { LoopbackServer } from './loopback-server.ts';
import { webPushRefusal } from './strict-web-push.ts';
import { readVapidToken } from './vapid-token.ts';

/** A message of Firefox's. Firefox also sends `{}`, as a ping. */
interface FirefoxMessage {
  readonly messageType?: 'hello' | 'register' | 'unregister' | 'ack' | 'broadcast_subscribe';
  readonly channelID?: string;
  /** The VAPID key that the page subscribed with, base64url. */
  readonly key?: string;
}

interface Subscription {
  readonly channelID: string;
  readonly vapidKey: string;
  readonly browser: WebSocket;
}

/** A push, and what it was answered. */
interface Push {
  readonly status: number;
  /** The key that signed it, base64url. */
  readonly vapidKey: string | undefined;
}

/**
 * Mozilla's push service on the loopback interface: a WebSocket for Firefox, and HTTP for servers that push. Whoever is not
 * connected when a push comes does not get it.
 */
export class MozillaPushStandIn implements AsyncDisposable {
  /** Every push, whatever the answer was. */
  readonly pushes = new Arrivals<Push>();
  /** What `dom.push.serverURL` of Firefox must be. */
  readonly socketUrl: string;
  readonly #baseUrl: string;
  readonly #server: LoopbackServer;
  readonly #subscriptions = new Map<string, Subscription>();

  private constructor(server: LoopbackServer) {
    this.#server = server;
    this.socketUrl = `ws://127.0.0.1:${server.port}/`;
    this.#baseUrl = `http://127.0.0.1:${server.port}`;
  }

  static async start(): Promise<MozillaPushStandIn> {
    const http = createServer();
    const standIn = new MozillaPushStandIn(await LoopbackServer.listen(http));
    http.on(
      'request',
      httpExchange((request) => Promise.resolve(standIn.#take(request))),
    );
    const sockets = new WebSocketServer({ server: http });
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as FirefoxMessage;
        const answer = standIn.#answer(message, socket);
        if (answer !== undefined) socket.send(JSON.stringify(answer));
      });
    });
    return standIn;
  }

  /** How many subscriptions there are. */
  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  #answer({ messageType, channelID = '', key = '' }: FirefoxMessage, browser: WebSocket): object | undefined {
    if (messageType === undefined) return {};
    const common = { messageType, status: 200, channelID };
    if (messageType === 'hello')
      return { messageType, status: 200, uaid: randomUUID().replaceAll('-', ''), use_webpush: true };
    if (messageType === 'register') {
      const path = `/wpush/v2/${randomBytes(24).toString('base64url')}`;
      this.#subscriptions.set(path, { channelID, vapidKey: key.replaceAll('=', ''), browser });
      return { ...common, pushEndpoint: this.#baseUrl + path };
    }
    if (messageType !== 'unregister') return undefined;
    for (const [path, each] of this.#subscriptions)
      if (each.channelID === channelID) this.#subscriptions.delete(path);
    return common;
  }

  #take(request: ReceivedRequest): Answer {
    const subscription = this.#subscriptions.get(request.path);
    const answer = subscription === undefined ? { status: 410 } : this.#deliver(request, subscription);
    const vapidKey = readVapidToken(request.headers.authorization)?.publicKey;
    this.pushes.push({ status: answer.status, vapidKey });
    return answer;
  }

  #deliver(request: ReceivedRequest, { channelID, vapidKey, browser }: Subscription): Answer {
    const { headers, body } = request;
    const refusal = webPushRefusal(request, this.#baseUrl, vapidKey);
    // Mozilla answers 401 where others answer 403.
    if (refusal !== undefined) return { ...refusal, status: refusal.status === 403 ? 401 : refusal.status };
    const version = randomBytes(12).toString('hex');
    const data = body.toString('base64url');
    const encoding = { encoding: headers['content-encoding'] };
    browser.send(
      JSON.stringify({ messageType: 'notification', channelID, version, data, headers: encoding }),
    );
    return {
      status: 201,
      headers: { location: `${this.#baseUrl}/m/${version}`, ttl: String(headers['ttl']) },
    };
  }
}
