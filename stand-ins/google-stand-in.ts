import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import {
  constants,
  createServer as createHttp2Server,
  createSecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2';
import { join } from 'node:path';

import type { Arrivals } from './arrivals.ts';
import { GoogleMessages, type GooglePush, type GoogleRefusal } from './google-messages.ts';
import { GoogleOAuth, type TokenRequest } from './google-oauth.ts';
import { googleServiceAccount, type ServiceAccountFile } from './google-service-account.ts';
import { type Answer, type AnswerHook, httpExchange } from './http-exchange.ts';
import { LoopbackServer } from './loopback-server.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';

interface GoogleOptions {
  /** True by default. If false, FCM speaks HTTP/2 without TLS, and OAuth speaks HTTP/1.1 on a port of its own. */
  tls?: boolean;
  /** How long FCM waits before it answers a message, in milliseconds. */
  latencyMs?: number;
  projectId?: string;
}

interface Pieces {
  baseUrl: string;
  caCertificate: string | undefined;
  account: ServiceAccountFile;
  oauth: GoogleOAuth;
  messages: GoogleMessages;
  servers: readonly LoopbackServer[];
  sessions: SessionLog;
}

/** Google as the server meets it: the OAuth token endpoint and FCM HTTP v1. */
export class GoogleStandIn implements AsyncDisposable {
  readonly #pieces: Pieces;

  private constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  static async start(options: GoogleOptions = {}): Promise<GoogleStandIn> {
    const { tls = true, latencyMs = 0, projectId = 'demo-project' } = options;
    const certificate = tls ? await selfSignedCertificate() : undefined;
    const http2 =
      certificate === undefined
        ? createHttp2Server()
        : createSecureServer({ ...certificate, allowHTTP1: true });
    const sessions = new SessionLog(http2);
    const fcm = await LoopbackServer.listen(http2);
    const http1 = createServer();
    const tokenServer = tls ? fcm : await LoopbackServer.listen(http1);
    const scheme = tls ? 'https' : 'http';
    const tokenUri = `${scheme}://127.0.0.1:${tokenServer.port}/token`;
    const { file, publicKey } = await googleServiceAccount(projectId, tokenUri);
    const oauth = new GoogleOAuth(file, publicKey);
    const messages = new GoogleMessages({
      projectId,
      latencyMs,
      hasIssued: (token) => oauth.hasIssued(token),
    });
    const listener = httpExchange((request) =>
      request.path === '/token' ? oauth.respond(request) : messages.respond(request),
    );
    http2.on('request', listener);
    http1.on('request', listener);
    const baseUrl = `${scheme}://127.0.0.1:${fcm.port}`;
    const servers = tls ? [fcm] : [fcm, tokenServer];
    const caCertificate = certificate?.cert;
    return new GoogleStandIn({ baseUrl, caCertificate, account: file, oauth, messages, servers, sessions });
  }

  /** For FCM_BASE_URL. */
  get baseUrl(): string {
    return this.#pieces.baseUrl;
  }

  /** The PEM that a client must trust; there is none without TLS. */
  get caCertificate(): string | undefined {
    return this.#pieces.caCertificate;
  }

  get serviceAccount(): ServiceAccountFile {
    return this.#pieces.account;
  }

  /** Every request for an access token. Those with `status` 200 got a token. */
  get tokenRequests(): Arrivals<TokenRequest> {
    return this.#pieces.oauth.requests;
  }

  /** Every message that was answered with 200. */
  get pushes(): Arrivals<GooglePush> {
    return this.#pieces.messages.pushes;
  }

  /** Every other request to FCM. */
  get refusals(): Arrivals<GoogleRefusal> {
    return this.#pieces.messages.refusals;
  }

  /** Scripts the answer to a well-formed message. */
  get answer(): AnswerHook<GooglePush> | undefined {
    return this.#pieces.messages.answer;
  }

  set answer(hook: AnswerHook<GooglePush> | undefined) {
    this.#pieces.messages.answer = hook;
  }

  /** Scripts the answer to a request for an access token. A token in a scripted 200 is honoured. */
  get answerToken(): (() => Answer | undefined) | undefined {
    return this.#pieces.oauth.answer;
  }

  set answerToken(hook: (() => Answer | undefined) | undefined) {
    this.#pieces.oauth.answer = hook;
  }

  /** How many HTTP/2 sessions were ever opened. */
  get sessions(): number {
    return this.#pieces.sessions.opened;
  }

  /** Sends GOAWAY to every HTTP/2 client. Streams that are open already are still answered. */
  goaway(): void {
    for (const session of this.#pieces.sessions.open) {
      session.goaway(constants.NGHTTP2_NO_ERROR);
      session.close();
    }
  }

  /** Ends every HTTP/2 session, whether its streams were answered or not. */
  destroySessions(): void {
    for (const session of this.#pieces.sessions.open) session.destroy();
  }

  /** Writes the key file, for FIREBASE_SERVICE_ACCOUNT_PATH. */
  async writeServiceAccount(directory: string): Promise<string> {
    const path = join(directory, 'service-account.json');
    await writeFile(path, `${JSON.stringify(this.serviceAccount, null, 2)}\n`, { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pieces.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

class SessionLog {
  opened = 0;
  readonly open = new Set<ServerHttp2Session>();

  constructor(server: Pick<Http2Server, 'on'>) {
    server.on('session', (session) => {
      this.opened += 1;
      this.open.add(session);
      session.once('close', () => this.open.delete(session));
    });
  }
}
