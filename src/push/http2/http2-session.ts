import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';

import { SECOND_MS } from '../../core/basics/clock.ts';
import type { ProxyAddress } from '../../core/basics/proxy-address.ts';
import { readAtMost } from '../../lib/read-at-most.ts';
import { tlsOver, type WayOut } from '../../net/way-out.ts';
import { Deadlines, type Deadline } from '../deadlines.ts';
import { watchPulse } from './session-pulse.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** How long the unread rest of an answer may take. After that its stream is closed. */
const DRAIN_TIMEOUT_MS = 5 * SECOND_MS;
/** How often one request is sent. It is sent again only if the peer certainly did not process it. */
const MAX_SENDS = 3;

/** Errors after which the peer has certainly not processed the request: it never left, or the peer refused its stream (RFC 9113, 8.7). */
const UNPROCESSED: ReadonlySet<unknown> = new Set([
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_STREAM_CANCEL',
  constants.NGHTTP2_REFUSED_STREAM,
]);

export interface Http2SessionOptions {
  readonly origin: string;
  readonly wayOut: WayOut;
  /** Gets the `Date` header of every answer. */
  readonly onDate?: ((date: unknown) => void) | undefined;
  /** Called for each session that takes no more requests, unless the program itself closed it. */
  readonly onLost?: (() => void) | undefined;
}

export interface Http2Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The `Date` header. */
  readonly date: string | undefined;
  /** Empty for a 200, whose body is not read. */
  readonly body: string;
}

/** A session and the number of requests under way on it. */
interface Dialled {
  /** Absent until the proxy has made the connection. */
  session: ClientHttp2Session | undefined;
  /** Resolves when the peer has said how many streams it takes. Streams beyond that limit would be refused. */
  ready: Promise<void>;
  isReady: boolean;
  requests: number;
  /** Takes no more requests; closed when its last request ends. */
  retired: boolean;
}

/**
 * One long-lived HTTP/2 session with many streams. The session is dialled with the first request, and dialled again after it is lost.
 * With an `http:` origin HTTP/2 is spoken without TLS, by prior knowledge (for tests).
 */
export class Http2Session implements AsyncDisposable {
  readonly #origin: URL;
  readonly #wayOut: WayOut;
  readonly #onDate: ((date: unknown) => void) | undefined;
  readonly #onLost: (() => void) | undefined;
  readonly #drains = new Deadlines(DRAIN_TIMEOUT_MS);
  readonly #dialled = new Set<Dialled>();
  #current: Dialled | undefined;

  constructor({ origin, onDate, onLost, wayOut }: Http2SessionOptions) {
    this.#origin = new URL(origin);
    this.#wayOut = wayOut;
    this.#onDate = onDate;
    this.#onLost = onLost;
  }

  /**
   * Sends a request and reads its answer.
   *
   * @param headers with `:method` and `:path`; one object may serve many requests
   * @throws the error that ended the stream without an answer: a lost session, a refusal, a deadline that has passed
   */
  async post(headers: OutgoingHttpHeaders, body: string, deadline: Deadline): Promise<Http2Answer> {
    for (let sends = 1; ; sends++) {
      const dialled = this.#dial();
      dialled.requests++;
      try {
        if (!dialled.isReady || deadline.isOver) await untilReady(dialled, deadline);
        const stream = dialled.session?.request(headers);
        if (stream === undefined) throw givenUp('no session');
        return await this.#answer(stream, body, deadline);
      } catch (error) {
        // No answer in time: the peer may be dead, so later requests dial a new session.
        if (deadline.isOver) this.#retire(dialled);
        if (!isUnprocessed(error) || deadline.isOver || sends === MAX_SENDS) throw error;
      } finally {
        dialled.requests--;
        if (dialled.retired && dialled.requests === 0) dialled.session?.destroy();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#current = undefined;
    for (const dialled of this.#dialled) {
      dialled.retired = true;
      dialled.session?.destroy();
    }
  }

  #answer(stream: ClientHttp2Stream, body: string, deadline: Deadline): Promise<Http2Answer> {
    stream.end(body);
    return new Promise((resolve, reject) => {
      deadline.whenOver(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(givenUp('no answer in time'));
      });
      let isAnswered = false;
      stream.on('response', (fields) => {
        isAnswered = true;
        resolve(this.#read(stream, fields));
      });
      // The error's message is words; `cause` adds the numeric code of the reset.
      stream.on('error', (error) => reject(Object.assign(error, { cause: stream.rstCode })));
      stream.on('close', () => {
        // Created only if needed: creating an error captures the stack, which is slow.
        if (!isAnswered) reject(new Error('no answer', { cause: stream.rstCode }));
      });
    });
  }

  #read(stream: ClientHttp2Stream, fields: IncomingHttpHeaders): Http2Answer | Promise<Http2Answer> {
    const status = Number(fields[constants.HTTP2_HEADER_STATUS]);
    const { date, 'retry-after': retryAfter } = fields;
    this.#onDate?.(fields.date);
    if (status !== constants.HTTP_STATUS_OK)
      return readBody(stream).then((body) => ({ status, retryAfter, date, body }));
    // The status says everything about a success: its body is dropped, and not waited for.
    const drain = this.#drains.begin();
    drain.whenOver(() => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('close', () => drain[Symbol.dispose]());
    stream.resume();
    return { status, retryAfter, date, body: '' };
  }

  #dial(): Dialled {
    if (this.#current !== undefined && this.#current.session?.closed !== true) return this.#current;
    const dialled: Dialled = {
      session: undefined,
      ready: Promise.resolve(),
      isReady: false,
      requests: 0,
      retired: false,
    };
    const proxy = this.#wayOut.proxyFor(this.#origin);
    dialled.ready =
      proxy === undefined ? this.#begin(dialled, undefined) : this.#beginThrough(dialled, proxy);
    // Requests that wait for the session get the error. If none waits, the rejection must not count as unhandled.
    dialled.ready.catch(() => undefined);
    this.#dialled.add(dialled);
    this.#current = dialled;
    return dialled;
  }

  async #beginThrough(dialled: Dialled, proxy: ProxyAddress): Promise<void> {
    try {
      const socket = await this.#wayOut.open(proxy, this.#origin, { isOwn: true });
      if (!dialled.retired) return await this.#begin(dialled, socket);
      socket.destroy();
      throw new Error('the session ended before it began');
    } catch (error) {
      this.#retire(dialled);
      this.#dialled.delete(dialled);
      throw error;
    }
  }

  /** @param tunnel a connection that a proxy has made */
  #begin(dialled: Dialled, tunnel: Socket | undefined): Promise<void> {
    const origin = this.#origin;
    const overTunnel = (socket: Socket): Socket =>
      origin.protocol === 'https:' ? tlsOver(socket, origin, ['h2']) : socket;
    const session = connect(origin, {
      settings: { enablePush: false },
      ...(tunnel && { createConnection: () => overTunnel(tunnel) }),
    });
    dialled.session = session;
    session.once('remoteSettings', () => (dialled.isReady = true));
    watchPulse(session, () => dialled.requests > 0);
    const onLost = (): void => this.#retire(dialled);
    session.on('goaway', onLost);
    // Each stream of a failed session gets the same error, so the requests handle it.
    session.on('error', onLost);
    session.on('close', () => {
      this.#retire(dialled);
      this.#dialled.delete(dialled);
    });
    return new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('error', reject);
      session.once('close', () => reject(new Error('the session ended before it began')));
    });
  }

  /** Takes no more requests on this session. Requests under way continue. */
  #retire(dialled: Dialled): void {
    if (dialled.retired) return;
    dialled.retired = true;
    if (this.#current === dialled) this.#current = undefined;
    this.#onLost?.();
    if (dialled.requests === 0) dialled.session?.destroy();
  }
}

function isUnprocessed(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return UNPROCESSED.has(code) || UNPROCESSED.has(cause);
}

async function untilReady({ ready }: Dialled, deadline: Deadline): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    deadline.whenOver(() => reject(givenUp('no session in time')));
    ready.then(resolve, reject);
  });
}

/** Has the name and code of Node's own error for an aborted signal, so that the log shows the same words for both. */
function givenUp(message: string): Error {
  return Object.assign(new Error(message), { name: 'AbortError', code: 'ABORT_ERR' });
}

/** Reads the body of an answer that is not a success. */
async function readBody(stream: ClientHttp2Stream): Promise<string> {
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  const { text, isCut } = await readAtMost(stream, MAX_ANSWER_BYTES);
  await closed;
  // A body that the peer cut off ends like a complete one. Only the stream's final code differs, unless we cut the body ourselves.
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && !isCut) throw new Error('the answer was cut off');
  return text;
}
