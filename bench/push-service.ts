import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { googleServiceAccount } from '../stand-ins/google-service-account.ts';
import { LoopbackServer } from '../stand-ins/loopback-server.ts';
import { selfSignedCertificate } from '../stand-ins/self-signed-certificate.ts';
import { IPHONE, UNREAD } from './hostile-world.ts';

/** The most streams that Google's servers allow on one session. */
export const STREAMS = 100;

const TOKEN = '"token":"';

const NO_KEY_OF_APPLES = {
  code: 401,
  status: 'UNAUTHENTICATED',
  message: 'Auth error from APNS or Web Push Service',
  details: [
    { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'THIRD_PARTY_AUTH_ERROR' },
  ],
};

/** How long all pushes of a load may take. A relay may drop events under load, which are found minutes later. */
const PATIENCE_MS = 90_000;

/**
 * FCM over TLS and HTTP/2, Google's token endpoint, and a UnifiedPush server over HTTPS. They do as little as a push service can,
 * so that their cost is not measured.
 */
export class PushService implements AsyncDisposable {
  /** Milliseconds before each answer. */
  latencyMs = 0;
  /** Called for every push, with the device's token or endpoint. */
  onPush: (token: string) => void = () => undefined;
  readonly url: string;
  /** The beginning of every endpoint. */
  readonly endpoints: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #servers: readonly LoopbackServer[];

  private constructor(
    servers: readonly LoopbackServer[],
    [fcm, unifiedPush]: readonly [number, number],
    environment: Record<string, string>,
  ) {
    this.#servers = servers;
    this.url = `https://127.0.0.1:${fcm}`;
    this.endpoints = `https://127.0.0.1:${unifiedPush}/up/`;
    this.#environment = environment;
  }

  static async start(directory: string): Promise<PushService> {
    const certificate = await selfSignedCertificate();
    const http2 = createSecureServer({ ...certificate, settings: { maxConcurrentStreams: STREAMS } });
    const tokens = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: 'a'.repeat(128), expires_in: 3599, token_type: 'Bearer' }));
    });
    const https = createHttpsServer(certificate);
    const servers = await Promise.all([http2, https, tokens].map((one) => LoopbackServer.listen(one)));
    const [fcmPort = 0, unifiedPushPort = 0, tokenPort = 0] = servers.map(({ port }) => port);
    const { file } = await googleServiceAccount('bench', `http://127.0.0.1:${tokenPort}/token`);
    const [account, ca] = [join(directory, 'account.json'), join(directory, 'ca.pem')];
    await writeFile(account, JSON.stringify(file), { mode: 0o600 });
    await writeFile(ca, certificate.cert);
    const service = new PushService(servers, [fcmPort, unifiedPushPort], {
      FCM_BASE_URL: `https://127.0.0.1:${fcmPort}`,
      FIREBASE_SERVICE_ACCOUNT_PATH: account,
      NODE_EXTRA_CA_CERTS: ca,
    });
    http2.on('stream', (stream: ServerHttp2Stream) => service.#take(stream));
    https.on('request', (request, response) => service.#takeUnifiedPush(request, response));
    return service;
  }

  /** The variables by which a program finds it and trusts its certificate. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  /** Resolves when this many devices have got a push, from now on. @returns how many pushes each token got @throws Error after {@link PATIENCE_MS} */
  pushes(devices: number): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    const arrived = new Promise<ReadonlyMap<string, number>>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${counts.size} of ${devices} devices got a push in time`)),
        PATIENCE_MS,
      );
      this.onPush = (token) => {
        counts.set(token, (counts.get(token) ?? 0) + 1);
        if (counts.size < devices) return;
        clearTimeout(late);
        resolve(counts);
      };
    });
    // It may be late before it is awaited.
    arrived.catch(() => undefined);
    return arrived;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
  }

  #take(stream: ServerHttp2Stream): void {
    let body = '';
    stream.setEncoding('latin1');
    stream.on('data', (text: string) => (body += text));
    stream.on('error', () => undefined);
    stream.on('end', () => {
      const from = body.indexOf(TOKEN) + TOKEN.length;
      const token = body.slice(from, body.indexOf('"', from));
      if (token.startsWith(IPHONE)) return this.#refuse(stream);
      this.onPush(token);
      if (this.latencyMs === 0) this.#accept(stream);
      else setTimeout(() => this.#accept(stream), this.latencyMs);
    });
  }

  #takeUnifiedPush(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    request.on('end', () => {
      const endpoint = new URL(request.url ?? '', this.endpoints).href;
      if (endpoint.startsWith(`${this.endpoints}${UNREAD}`)) return void response.writeHead(507).end();
      this.onPush(endpoint);
      response.writeHead(201).end();
    });
  }

  /** The answer of FCM if the Firebase project has no APNs key. */
  #refuse(stream: ServerHttp2Stream): void {
    if (stream.destroyed) return;
    stream.respond({ ':status': 401, 'content-type': 'application/json; charset=UTF-8' });
    stream.end(JSON.stringify({ error: NO_KEY_OF_APPLES }));
  }

  #accept(stream: ServerHttp2Stream): void {
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/json; charset=UTF-8' });
    stream.end('{"name":"projects/bench/messages/0"}');
  }
}
