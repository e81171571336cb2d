import type { LookupFunction, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type { EventIntake, RelayIntake } from '../../core/intake/event-intake.ts';
import type { ProofsOfLife } from '../../core/intake/proofs-of-life.ts';
import { RelayAccount } from '../../core/intake/relay-account.ts';
import { frameBytes, MAX_FRAME_BYTES } from '../wire/frame-bytes.ts';
import { keepAlive } from './keep-alive.ts';
import { KindWatch, type KindTotal } from '../live/kind-watch.ts';
import { Redial } from './redial.ts';
import { RelayConduct, type Misconduct } from './relay-conduct.ts';
import type { DiscoveryGuard } from './discovery-guard.ts';
import { fetchRelayLimits, type RelayLimits } from './relay-information.ts';
import type { ConnectionEnd } from './connection-end.ts';
import { noteWatches, resumeWatches } from '../gaps/resume-watches.ts';
import { RelayListening, type ListeningContext } from '../live/relay-listening.ts';
import { relayStatus, type RelayState, type RelayStatus } from './relay-status.ts';
import { throttle, type ThrottleOptions } from './throttle.ts';
import { WebSocket } from '../wire/web-socket.ts';

export interface RelayConnectionOptions extends Omit<ListeningContext, 'sink' | 'account'> {
  /** Where its events go. */
  readonly intake: EventIntake;
  readonly url: string;
  /** Named by a Mostro instance and not by the operator. */
  readonly discovered: boolean;
  /** What a discovered relay must be, and how its name is resolved. */
  readonly guard?: DiscoveryGuard | undefined;
  /** Whether `clock` is trusted, so that it may bound what is asked for. Absent: always. */
  readonly mayExpire?: (() => boolean) | undefined;
  /** What a restart remembers of the relays. */
  readonly proofs?: ProofsOfLife | undefined;
  /** When the program began to listen at all, in milliseconds. */
  readonly startedAt: number;
  /** What all relays together have delivered, by kind. */
  readonly totals: ReadonlyMap<number, KindTotal>;
}

/** One relay, for as long as it is watched: connected, listened to, and connected again whenever it is lost. */
export class RelayConnection {
  readonly #options: RelayConnectionOptions;
  readonly #redial: Redial;
  readonly #account: RelayAccount;
  readonly #sink: RelayIntake;
  readonly #watches: readonly KindWatch[];
  readonly #address: URL;
  #listening: RelayListening | undefined;
  #state: Exclude<RelayState, 'live'> = 'connecting';
  #connections = 0;
  #lost: RelayStatus['lost'];
  #socket: WebSocket | undefined;
  #limits: RelayLimits = {};
  #limitsAskedAt = -Infinity;

  constructor(options: RelayConnectionOptions) {
    const { clock, kinds, mayExpire, monotonic, startedAt, timing, totals, url } = options;
    this.#options = options;
    this.#account = new RelayAccount(monotonic);
    this.#sink = options.intake.forRelay(this.#account);
    this.#redial = new Redial(timing, monotonic);
    this.#watches = kinds.map(
      (kind) =>
        new KindWatch({ kind, clock, mayExpire, startedAt, total: totals.get(kind) ?? { events: 0 } }),
    );
    this.#address = new URL(url);
    // Nobody has listened to it since the start.
    if (options.discovered) for (const watch of this.#watches) watch.missAll();
    resumeWatches(this.#watches, { ...options, sink: this.#sink });
  }

  /** The relay's host: all of its URL that may be logged. */
  get host(): string {
    return this.#address.host;
  }

  get discovered(): boolean {
    return this.#options.discovered;
  }

  /** Whether it may be shown: what a Mostro instance names may be anything until it has served as a relay. */
  get isKnown(): boolean {
    return !this.discovered || this.#watches.some(({ hasBeenLive }) => hasBeenLive);
  }

  status(): RelayStatus {
    const { protocol, host } = this.#address;
    return relayStatus({
      relay: host,
      url: `${protocol}//${host}`,
      state: this.#state,
      authentication: this.#listening?.authentication ?? 'none',
      reconnects: Math.max(0, this.#connections - 1),
      discovered: this.discovered,
      watches: this.#watches,
      ...(this.#lost && { lost: this.#lost }),
    });
  }

  /** Has a restart remember until when everything has come. */
  noteProofs(): void {
    noteWatches(this.#watches, this.#options);
  }

  /**
   * Begins anew: for a while nobody has listened, whatever the connection looks like.
   *
   * @param since when that began, in milliseconds
   */
  interrupt(since: number): void {
    for (const { coverage } of this.#watches) coverage.lose(since);
    // Its `Date` may tell whether a clock that jumped is right.
    this.#limitsAskedAt = -Infinity;
    this.#socket?.terminate();
  }

  /** Resolves when the signal ends it; a relay's misbehaviour never does. */
  async run(signal: AbortSignal): Promise<void> {
    const { telemetry } = this.#options;
    while (!signal.aborted) {
      this.#state = 'connecting';
      this.#redial.dialled();
      const { status, error, misconduct } = await this.#connect(signal);
      // Also where no connection came about: whatever the relay got meanwhile was missed.
      for (const { coverage } of this.#watches) coverage.lose();
      if (signal.aborted) return;
      const since = this.#lost?.since ?? this.#options.clock();
      this.#lost = { since, reason: misconduct ?? error ?? `closed (${status})` };
      const waitMs = this.#redial.waitMs(misconduct !== undefined);
      this.#state = misconduct === undefined ? 'waiting' : 'banned';
      if (misconduct !== undefined) telemetry.count('relay_bans', { reason: misconduct });
      if (misconduct === undefined)
        telemetry.log('relay.lost', { relay: this.host, status, waitMs, ...(error && { error }) });
      else telemetry.log('relay.banned', { relay: this.host, reason: misconduct, waitMs });
      // Rejects only when the signal aborts, which the loop sees.
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** How the relay's name is resolved, at every dial. The operator's own relays may be anywhere. */
  get #resolution(): { readonly lookup?: LookupFunction } {
    const { discovered, guard } = this.#options;
    return discovered && guard?.lookup !== undefined ? { lookup: guard.lookup } : {};
  }

  /** One connection, from the dial to its end. */
  #connect(signal: AbortSignal): Promise<ConnectionEnd> {
    const { timing, url } = this.#options;
    const mostBytes = frameBytes(this.#limits);
    const socket = new WebSocket(url, {
      // Base64 does not compress; decompressing it would cost more than all the rest of a frame's way.
      perMessageDeflate: false,
      // A longer message than is taken is left out, and costs no connection: see `throttle`.
      maxPayload: MAX_FRAME_BYTES,
      // An event is hashed as it was written. Anybody can publish one with bytes that are no UTF-8, where a relay lets it through.
      skipUTF8Validation: true,
      // Answered in keepAlive, as far as the relay reads the answers.
      autoPong: false,
      // Nobody has checked where this would send us.
      followRedirects: false,
      ...this.#resolution,
    });
    this.#socket = socket;
    // Ours and not the library's, which a relay that drips its answer would outlast.
    const dialling = setTimeout(() => socket.terminate(), timing.handshakeTimeoutMs);
    return new Promise((resolve) => {
      const onAbort = (): void => socket.terminate();
      const ending: { error?: string; misconduct?: Misconduct } = {};
      signal.addEventListener('abort', onAbort, { once: true });
      let line: Socket | undefined;
      socket.on('open', () => {
        clearTimeout(dialling);
        if (line === undefined) return socket.terminate();
        this.#listen({ socket, line, mostBytes }, signal, (misconduct) => {
          ending.misconduct = misconduct;
          socket.terminate();
        });
      });
      socket.on('upgrade', (response) => {
        line = response.socket;
        this.#options.onDate?.(this.host, response.headers.date);
      });
      // Its message can quote the relay's URL.
      socket.on('error', (fault: NodeJS.ErrnoException) => (ending.error = fault.code ?? fault.name));
      socket.on('close', (status) => {
        clearTimeout(dialling);
        signal.removeEventListener('abort', onAbort);
        this.#listening?.close();
        this.#listening = undefined;
        resolve({ status, ...ending });
      });
    });
  }

  #listen(
    { socket, line, mostBytes }: Pick<ThrottleOptions, 'socket' | 'line' | 'mostBytes'>,
    signal: AbortSignal,
    onMisconduct: (misconduct: Misconduct) => void,
  ): void {
    const { clock, monotonic, telemetry, timing } = this.#options;
    this.#connections++;
    this.#lost = undefined;
    this.#state = 'connected';
    telemetry.count('relay_connections');
    telemetry.log('relay.connected', { relay: this.host });
    const conduct = new RelayConduct(monotonic, onMisconduct);
    const listening = new RelayListening({
      ...this.#options,
      sink: this.#sink,
      account: this.#account,
      relay: this.host,
      watches: this.#watches,
      conduct,
      limits: () => this.#limits,
      send: (message) => socket.send(JSON.stringify(message)),
      onProof: () => this.#redial.proven(),
    });
    this.#listening = listening;
    const hear = keepAlive(socket, { timing, clock, onPong: (pingedAt) => listening.onPong(pingedAt) });
    throttle({
      socket,
      line,
      account: this.#account,
      clock: monotonic,
      telemetry,
      mostBytes,
      onChatter: () => {
        telemetry.count('relay_chatter');
        conduct.note('chatter');
      },
      longestBytes: MAX_FRAME_BYTES,
      onTooLong: (head) => {
        // Its pong may have to wait behind several of these.
        hear();
        listening.onTooLong(head);
      },
      receive: (data, isBinary) => listening.receive(data, isBinary),
    });
    listening.open();
    void this.#askLimits(signal);
  }

  /** Beside the conversation and never in its way: what they say holds from the next page, or the next connection, on. */
  async #askLimits(signal: AbortSignal): Promise<void> {
    const { kinds, monotonic, telemetry, timing, url } = this.#options;
    if (monotonic() - this.#limitsAskedAt < timing.informationMs) return;
    this.#limitsAskedAt = monotonic();
    // What it said before holds until it says something else.
    const onDate = (date: unknown): void => this.#options.onDate?.(this.host, date);
    this.#limits = (await fetchRelayLimits(url, signal, { onDate, ...this.#resolution })) ?? this.#limits;
    const { maxSubscriptions: count } = this.#limits;
    // One for each kind, and one to catch up.
    if (count !== undefined && count <= kinds.length)
      telemetry.log('relay.too_few_subscriptions', { relay: this.host, count });
  }
}
