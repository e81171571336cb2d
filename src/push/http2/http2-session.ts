import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';

import { SECOND_MS } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { readCapped } from '../capped-body.ts';
import { Deadlines } from '../deadlines.ts';
import type { Patience } from '../patience.ts';
import { watchPulse } from './session-pulse.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** How long the rest of an answer that is not read may take before its stream is given up. */
const DRAIN_TIMEOUT_MS = 5 * SECOND_MS;
/** How often one request is sent at the most, where each time but the last it is sure that nobody looked at it. */
const MAX_SENDS = 3;

/** Errors that say a request never left, or (the last one, RFC 9113, 8.7) was not looked at. */
const UNPROCESSED: ReadonlySet<unknown> = new Set([
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_STREAM_CANCEL',
  constants.NGHTTP2_REFUSED_STREAM,
]);

export interface Http2Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The `Date` header. */
  readonly date: string | undefined;
  /** Empty for a 200, which says all by that. */
  readonly body: string;
}

/** A session and the requests on it. One that takes no more is ended with its last request. */
interface Dialled {
  readonly session: ClientHttp2Session;
  /** Resolves when the peer has said how many streams it takes: before that, all beyond its limit would be refused. */
  readonly ready: Promise<void>;
  isReady: boolean;
  requests: number;
  retired: boolean;
}

/**
 * One long-lived HTTP/2 session with many streams, dialled when it is first needed and again after it is lost. An
 * `http:` origin is spoken to in the clear, by prior knowledge (for tests).
 */
export class Http2Session implements AsyncDisposable {
  readonly #origin: string;
  readonly #telemetry: Telemetry;
  readonly #onDate: (date: unknown) => void;
  readonly #drains = new Deadlines(DRAIN_TIMEOUT_MS);
  readonly #dialled = new Set<Dialled>();
  #current: Dialled | undefined;

  /** @param parts.onDate told of the `Date` header of every answer */
  constructor(parts: { origin: string; telemetry: Telemetry; onDate?: (date: unknown) => void }) {
    this.#origin = parts.origin;
    this.#telemetry = parts.telemetry;
    this.#onDate = parts.onDate ?? ((): void => undefined);
  }

  /**
   * Sends a request and reads its answer.
   *
   * @param headers with `:method` and `:path`; the same object may be used again and again
   * @throws whatever ended the stream without one: a lost session, a refusal, patience that is over
   */
  async post(headers: OutgoingHttpHeaders, body: string, patience: Patience): Promise<Http2Answer> {
    for (let sends = 1; ; sends++) {
      const dialled = this.#dial();
      dialled.requests++;
      try {
        if (!dialled.isReady || patience.isOver) await untilReady(dialled, patience);
        return await this.#answer(dialled.session.request(headers), body, patience);
      } catch (error) {
        // A stream that got no answer in time may hang on a dead peer: those that follow dial afresh.
        if (patience.isOver) this.#retire(dialled);
        if (!isUnprocessed(error) || patience.isOver || sends === MAX_SENDS) throw error;
      } finally {
        dialled.requests--;
        if (dialled.retired && dialled.requests === 0) dialled.session.destroy();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#current = undefined;
    for (const dialled of this.#dialled) {
      dialled.retired = true;
      dialled.session.destroy();
    }
  }

  #answer(stream: ClientHttp2Stream, body: string, patience: Patience): Promise<Http2Answer> {
    stream.end(body);
    return new Promise((resolve, reject) => {
      patience.whenOver(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(givenUp('no answer in time'));
      });
      let isAnswered = false;
      stream.on('response', (fields) => {
        isAnswered = true;
        resolve(this.#read(stream, fields));
      });
      // The error says in words what the code says in a number; `cause` keeps the number.
      stream.on('error', (error) => reject(Object.assign(error, { cause: stream.rstCode })));
      stream.on('close', () => {
        // Only then: an error looks through the stack.
        if (!isAnswered) reject(new Error('no answer', { cause: stream.rstCode }));
      });
    });
  }

  #read(stream: ClientHttp2Stream, fields: IncomingHttpHeaders): Http2Answer | Promise<Http2Answer> {
    const status = Number(fields[constants.HTTP2_HEADER_STATUS]);
    const { date, 'retry-after': retryAfter } = fields;
    this.#onDate(fields.date);
    if (status !== constants.HTTP_STATUS_OK)
      return readBody(stream).then((body) => ({ status, retryAfter, date, body }));
    // A success says all by its status: the rest is neither read nor waited for.
    const drain = this.#drains.begin();
    drain.whenOver(() => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('close', () => drain[Symbol.dispose]());
    stream.resume();
    return { status, retryAfter, date, body: '' };
  }

  #dial(): Dialled {
    if (this.#current !== undefined && !this.#current.session.closed) return this.#current;
    const session = connect(this.#origin, { settings: { enablePush: false } });
    const ready = new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('error', reject);
      session.once('close', () => reject(new Error('the session ended before it began')));
    });
    ready.catch(() => undefined); // Whoever waits for it is told; without anyone waiting it is no fault.

    const dialled: Dialled = { session, ready, isReady: false, requests: 0, retired: false };
    session.once('remoteSettings', () => (dialled.isReady = true));
    watchPulse(session, () => dialled.requests > 0);
    const onLost = (): void => this.#retire(dialled);
    session.on('goaway', onLost);
    // The streams of a failed session fail too, each with the same error: that is where it is dealt with.
    session.on('error', onLost);
    session.on('close', () => {
      this.#retire(dialled);
      this.#dialled.delete(dialled);
    });
    this.#dialled.add(dialled);
    this.#current = dialled;
    return dialled;
  }

  /** Takes no more requests on this session; those under way may end. */
  #retire(dialled: Dialled): void {
    if (dialled.retired) return;
    dialled.retired = true;
    if (this.#current === dialled) this.#current = undefined;
    this.#telemetry.log('fcm.session_lost');
    if (dialled.requests === 0) dialled.session.destroy();
  }
}

function isUnprocessed(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return UNPROCESSED.has(code) || UNPROCESSED.has(cause);
}

async function untilReady({ ready }: Dialled, patience: Patience): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    patience.whenOver(() => reject(givenUp('no session in time')));
    ready.then(resolve, reject);
  });
}

/** Named as Node names it where a signal ends something: that is what the log says of it. */
function givenUp(message: string): Error {
  return Object.assign(new Error(message), { name: 'AbortError', code: 'ABORT_ERR' });
}

/** What an answer that is no success says beside its status. */
async function readBody(stream: ClientHttp2Stream): Promise<string> {
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  const { text, capped } = await readCapped(stream, MAX_ANSWER_BYTES);
  await closed;
  // A body that was cut off ends like a whole one; only the stream's last word tells, unless it was we who cut it.
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && !capped) throw new Error('the answer was cut off');
  return text;
}
