import { createServer } from 'node:http';
import { isCompanion } from './companion.ts';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

import { Arrivals } from './arrivals.ts';
import { type Answer, type AnswerHook, httpExchange, type ReceivedRequest } from './http-exchange.ts';
import { LoopbackServer } from './loopback-server.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';

/** A message as it reached the push server. It may be encrypted. */
type UnifiedPushMessage = Pick<ReceivedRequest, 'path' | 'method' | 'headers' | 'body' | 'at'>;

/** A UnifiedPush push server, like ntfy: it takes anything that is posted to an endpoint. */
export class UnifiedPushStandIn implements AsyncDisposable {
  /** Every request, whatever the answer was. */
  readonly pushes = new Arrivals<UnifiedPushMessage>();
  /** Scripts the answer to a request. */
  answer: AnswerHook<UnifiedPushMessage> | undefined;
  /** The PEM that a client must trust; there is none without TLS. */
  readonly caCertificate: string | undefined;
  readonly baseUrl: string;
  /** How many connections were opened so far. */
  connectionCount = 0;

  readonly #server: LoopbackServer;
  readonly #latencyMs: number;

  private constructor(server: LoopbackServer, latencyMs: number, caCertificate: string | undefined) {
    this.#server = server;
    this.#latencyMs = latencyMs;
    this.caCertificate = caCertificate;
    this.baseUrl = `${caCertificate === undefined ? 'http' : 'https'}://127.0.0.1:${server.port}`;
  }

  static async start({ tls = false, latencyMs = 0 } = {}): Promise<UnifiedPushStandIn> {
    const certificate = tls ? await selfSignedCertificate() : undefined;
    const server = certificate === undefined ? createServer() : createTlsServer(certificate);
    const standIn = new UnifiedPushStandIn(await LoopbackServer.listen(server), latencyMs, certificate?.cert);
    server.on('connection', () => standIn.connectionCount++);
    server.on(
      'request',
      httpExchange((request) => standIn.#respond(request)),
    );
    return standIn;
  }

  /** The URL that an app registers, in the form that ntfy gives it. */
  endpoint(name: string): string {
    return `${this.baseUrl}/up${name}?up=1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #respond({ path, method, headers, body, at }: ReceivedRequest): Promise<Answer> {
    const message = { path, method, headers, body, at };
    if (isCompanion(path)) return { status: 201, headers: { location: `${this.baseUrl}/message/0` } };
    this.pushes.push(message);
    const location = `${this.baseUrl}/message/${this.pushes.count}`;
    const answer = (await this.answer?.(message)) ?? { status: 201, headers: { location } };
    if (this.#latencyMs > 0) await delay(this.#latencyMs);
    return answer;
  }
}
