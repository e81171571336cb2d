import { setTimeout as delay } from 'node:timers/promises';

import { WebSocket } from 'ws';

import { Backoff } from '../core/backoff.ts';
import type { EventSink } from '../core/ports.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { RelaySession } from './relay-session.ts';
import type { RelayTiming } from './relay-timing.ts';

/** A larger frame ends the connection. Relays keep events to 64–128 KiB; a gift wrap has about 3 KiB. */
const MAX_FRAME_BYTES = 1024 * 1024;

export interface RelayConnectionOptions {
  readonly url: string;
  readonly kinds: readonly number[];
  readonly sink: EventSink;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
}

/** One relay, for as long as the program runs: connected, listened to, and connected again whenever it is lost. */
export class RelayConnection {
  readonly #options: RelayConnectionOptions;
  readonly #backoff: Backoff;
  /** The kinds whose first subscription has begun, unless the relay was reached late: then there was a gap from the start. */
  readonly #begun = new Set<number>();
  /** The relay's host: all of its URL that may be logged. */
  readonly host: string;
  #session: RelaySession | undefined;

  constructor(options: RelayConnectionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.timing.reconnect);
    this.host = new URL(options.url).host;
  }

  /** The kinds that are listened to right now: subscribed and past EOSE. */
  get liveKinds(): number[] {
    return this.#session?.liveKinds ?? [];
  }

  /** Resolves when the signal ends it; a relay's misbehaviour never does. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { status, error } = await this.#connect(signal);
      if (signal.aborted) return;
      for (const kind of this.#options.kinds) this.#begun.add(kind);
      const waitMs = Math.round(this.#backoff.next());
      this.#options.telemetry.log('relay.lost', {
        relay: this.host,
        status,
        waitMs,
        ...(error && { error }),
      });
      // Rejects only when the signal aborts, which the loop sees.
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One connection, from the dial to its end. */
  #connect(signal: AbortSignal): Promise<{ status: number; error?: string }> {
    const { timing, url } = this.#options;
    const socket = new WebSocket(url, {
      // Base64 does not compress; decompressing it would cost more than all the rest of a frame's way.
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
    });
    // Ours and not the library's, which a relay that drips its answer would outlast.
    const dialling = setTimeout(() => socket.terminate(), timing.handshakeTimeoutMs);
    return new Promise((resolve) => {
      const onAbort = (): void => socket.terminate();
      let error: string | undefined;
      signal.addEventListener('abort', onAbort, { once: true });
      socket.on('open', () => {
        clearTimeout(dialling);
        this.#listen(socket);
      });
      socket.on('error', (fault) => (error = errorCode(fault)));
      socket.on('close', (status) => {
        clearTimeout(dialling);
        signal.removeEventListener('abort', onAbort);
        this.#session?.close();
        this.#session = undefined;
        resolve({ status, ...(error !== undefined && { error }) });
      });
    });
  }

  #storedOrigin(kind: number): 'stored' | 'recovered' {
    if (this.#begun.has(kind)) return 'recovered';
    this.#begun.add(kind);
    return 'stored';
  }

  #listen(socket: WebSocket): void {
    const { kinds, sink, telemetry, timing } = this.#options;
    const session = new RelaySession({
      relay: this.host,
      kinds,
      storedOrigin: (kind) => this.#storedOrigin(kind),
      sink,
      telemetry,
      timing,
      send: (message) => socket.send(message),
      onProof: () => this.#backoff.reset(),
    });
    this.#session = session;
    telemetry.count('relay_connections');
    telemetry.log('relay.connected', { relay: this.host });
    keepAlive(socket, timing.pingIntervalMs);
    socket.on('message', (data: Buffer, isBinary) => session.receive(data, isBinary));
    session.open();
  }
}

/** Ends a connection whose other side has gone without a word: a half-open socket looks like a quiet relay. */
function keepAlive(socket: WebSocket, intervalMs: number): void {
  let alive = true;
  const prove = (): void => void (alive = true);
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, intervalMs);
  socket.on('pong', prove);
  socket.on('message', prove);
  socket.on('close', () => clearInterval(timer));
}

/** The code of a socket's error; its message can quote the relay's URL. */
function errorCode(fault: Error & { code?: string }): string {
  return fault.code ?? fault.name;
}
