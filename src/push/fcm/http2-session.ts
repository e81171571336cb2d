import {
  connect,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';

import type { Telemetry } from '../../core/telemetry.ts';
import { readCapped } from '../capped-body.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

export interface Http2Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/**
 * One long-lived HTTP/2 session with many streams, dialled when it is first needed and again after it is lost. An
 * `http:` origin is spoken to in the clear, by prior knowledge (for tests).
 */
export class Http2Session implements AsyncDisposable {
  readonly #origin: string;
  readonly #telemetry: Telemetry;
  #session: ClientHttp2Session | undefined;

  constructor(parts: { origin: string; telemetry: Telemetry }) {
    this.#origin = parts.origin;
    this.#telemetry = parts.telemetry;
  }

  /**
   * Sends a POST and reads its answer.
   *
   * @throws whatever ended the stream without one: a lost session, a refusal, the signal
   */
  async post(
    path: string,
    headers: OutgoingHttpHeaders,
    body: string,
    signal: AbortSignal,
  ): Promise<Http2Answer> {
    const session = this.#open();
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers }, { signal });
    try {
      stream.end(body);
      const fields = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
        stream.once('response', resolve);
        stream.once('error', reject);
        stream.once('close', () => reject(new Error('the stream ended without an answer')));
      });
      const status = Number(fields[constants.HTTP2_HEADER_STATUS]);
      return { status, retryAfter: fields['retry-after'], body: await readCapped(stream, MAX_ANSWER_BYTES) };
    } catch (error) {
      // A stream that got no answer in time may hang on a dead peer: those that follow dial afresh.
      if (signal.aborted) this.#retire(session);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed)
      return this.#session;
    const session = connect(this.#origin, { settings: { enablePush: false } });
    const onLost = (): void => this.#retire(session);
    session.on('goaway', onLost);
    session.on('close', onLost);
    // The streams of a failed session fail too, each with the same error: that is where it is dealt with.
    session.on('error', onLost);
    this.#session = session;
    return session;
  }

  /** Takes no more streams on this session; those under way may end. */
  #retire(session: ClientHttp2Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#telemetry.log('fcm.session_lost');
    if (!session.closed) session.close();
  }
}
