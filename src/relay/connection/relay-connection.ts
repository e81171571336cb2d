import type { LookupFunction } from 'node:net';

import type { RelayIntake } from '../../core/intake/event-intake.ts';
import { RelayAccount } from '../../core/intake/relay-account.ts';
import type { AuditPlaces } from '../gaps/audit-places.ts';
import { auditSchedules, type AuditTurns } from '../gaps/audit-schedules.ts';
import { provenUntil } from '../live/coverage.ts';
import { KindWatch, type KindTotal } from '../live/kind-watch.ts';
import { RelayListening } from '../live/relay-listening.ts';
import { arrangementFor, type Arrangement } from '../live/subscription-places.ts';
import { longestRead, MAX_MESSAGE_BYTES } from '../wire/frame-filter.ts';
import { askedWaitMs, lossOf, lostFields } from './connection-loss.ts';
import { dial, type ConnectionEnd, type OpenConnection } from './dial.ts';
import { keepAlive } from './keep-alive.ts';
import { presentWaitMs, waitToRedial, type RedialWait } from './redial-wait.ts';
import { Redial } from './redial.ts';
import { RelayConduct } from './relay-conduct.ts';
import type { RelayEnvironment } from './relay-environment.ts';
import type { MemoryShare } from '../reconcile/memory-share.ts';
import { ReconcilingRelay } from '../reconcile/reconciling-relay.ts';
import { fetchRelayLimits, type RelayLimits } from './relay-information.ts';
import { RelaySpelling } from './relay-spelling.ts';
import { relayStatus, type RelayState, type RelayStatus } from './relay-status.ts';
import { throttle } from './throttle.ts';
import type { WebSocket } from '../wire/web-socket.ts';

export interface RelayConnectionOptions {
  readonly environment: RelayEnvironment;
  /** Normalised. */
  readonly url: string;
  /** The URL as it was configured or named. */
  readonly written: string;
  /** Whether a Mostro instance named the relay, and not the operator. */
  readonly discovered: boolean;
  /** When the program began to listen, in milliseconds. */
  readonly startedAt: number;
  /** Whether another relay is connected at this moment. */
  readonly isAnotherConnected: () => boolean;
  /** What all relays together have delivered, by kind. */
  readonly totals: ReadonlyMap<number, KindTotal>;
  /** Where audits wait for their turn, with those of all relays. */
  readonly auditPlaces: AuditPlaces;
  /** The memory for what is known of the events of all relays. */
  readonly knownEvents: MemoryShare;
}

/**
 * One relay, for as long as it is watched. Its life, as the methods below have it:
 * 1. It is created. What it sent before a restart and has been stored since is a gap (`#resume`).
 * 2. It is dialled (`run`, `#connect`).
 * 3. The connection is open (`#onOpen`): messages are paced and read (`throttle`), pings show that it is alive (`keepAlive`), and
 *    the conversation begins (`RelayListening`): subscriptions become live, and gaps are recovered.
 * 4. The connection ends, by chance or for misconduct. Everything after the last proof of life is a gap.
 * 5. After a wait (`Redial`) it is dialled again.
 */
export class RelayConnection {
  readonly #options: RelayConnectionOptions;
  readonly #redial: Redial;
  readonly #account: RelayAccount;
  readonly #intake: RelayIntake;
  readonly #watches: readonly KindWatch[];
  readonly #audits: AuditTurns;
  readonly #reconciling: ReconcilingRelay;
  readonly #address: URL;
  readonly #spelling: RelaySpelling;
  #listening: RelayListening | undefined;
  #state: Exclude<RelayState, 'live'> = 'connecting';
  #connections = 0;
  #lost: RelayStatus['lost'];
  #socket: WebSocket | undefined;
  #limits: RelayLimits = {};
  #limitsAskedAt = -Infinity;
  /** How many subscriptions the relay allows, as it states or as its refusals show; absent: nothing is known of a limit. */
  #places: number | undefined;
  #arrangement: Arrangement = 'apart';

  constructor(options: RelayConnectionOptions) {
    const { auditPlaces, discovered, environment, knownEvents, startedAt, totals, url, written } = options;
    const { clock, intake, kinds, mayExpire, monotonic, timing } = environment;
    this.#options = options;
    this.#account = new RelayAccount(monotonic);
    this.#intake = intake.forRelay(this.#account);
    this.#redial = new Redial(timing, monotonic);
    this.#watches = kinds.map(
      (kind) =>
        new KindWatch({ kind, clock, mayExpire, startedAt, total: totals.get(kind) ?? { events: 0 } }),
    );
    this.#audits = { schedules: auditSchedules(this.#watches, environment), places: auditPlaces };
    this.#reconciling = new ReconcilingRelay({
      share: knownEvents,
      clock,
      monotonic,
      watches: this.#watches,
    });
    this.#address = new URL(url);
    this.#spelling = new RelaySpelling(written);
    // A discovered relay was not subscribed to before: everything since the start is missed.
    if (discovered) for (const watch of this.#watches) watch.missAll();
    this.#resume();
  }

  /** With stored registrations, a restart is a gap. It begins at the relay's own last proof of life, or else at that of any relay (contract 2). */
  #resume(): void {
    const { proofs } = this.#options.environment;
    if (proofs === undefined || !this.#intake.hasRegistrations()) return;
    for (const watch of this.#watches) {
      const handledUntil = proofs.of(this.#options.url, watch.kind) ?? proofs.latest();
      if (handledUntil === undefined) watch.missAll();
      else watch.resume(handledUntil);
    }
  }

  /** Resolves when the signal has ended the connection. A relay's misbehaviour never ends it for good. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#reconciling.end(), { once: true });
    const { clock, telemetry } = this.#options.environment;
    while (!signal.aborted) {
      this.#state = 'connecting';
      this.#redial.dialled();
      const end = await this.#connect(signal);
      const { misconduct } = end;
      // Also if no connection was made: what the relay got meanwhile was missed.
      for (const { coverage } of this.#watches) coverage.lose();
      if (signal.aborted) return;
      const failure = lossOf(end);
      this.#lost = { since: this.#lost?.since ?? clock(), ...failure };
      const wait = this.#wait(end);
      const waitMs = presentWaitMs(wait);
      this.#state = misconduct === undefined ? 'waiting' : 'banned';
      if (misconduct !== undefined) telemetry.count('relay_bans', { reason: misconduct });
      if (misconduct === undefined)
        telemetry.log('relay.lost', { relay: this.host, waitMs, ...lostFields(end, failure) });
      else telemetry.log('relay.banned', { relay: this.host, reason: misconduct, waitMs });
      await waitToRedial(wait, signal);
    }
  }

  /** The wait after the end of a connection. That after misconduct is the same whatever the other relays do. */
  #wait(end: ConnectionEnd): RedialWait {
    const { environment, isAnotherConnected } = this.#options;
    const isMisconduct = end.misconduct !== undefined;
    const waitMs = this.#redial.waitMs(isMisconduct);
    const aloneMs = isMisconduct ? waitMs : environment.timing.reconnectAloneMs;
    return { waitMs, aloneMs, askedMs: askedWaitMs(end), isAnotherConnected };
  }

  /** Whether there is a connection at this moment. */
  get isConnected(): boolean {
    return this.#listening !== undefined;
  }

  /** One connection, from the dial to its end. */
  async #connect(signal: AbortSignal): Promise<ConnectionEnd> {
    const { environment, url } = this.#options;
    const end = await dial({
      url,
      userAgent: environment.userAgent,
      lookup: this.#lookup,
      wayOut: environment.wayOut,
      clock: environment.clock,
      handshakeTimeoutMs: environment.timing.handshakeTimeoutMs,
      signal,
      onDial: (socket) => (this.#socket = socket),
      onDate: (date) => environment.onDate(this.host, date),
      onOpen: (connection) => this.#onOpen(connection, signal),
    });
    this.#listening?.close();
    this.#listening = undefined;
    return end;
  }

  /** Resolves the relay's name at every dial. The operator's own relays may be anywhere. */
  get #lookup(): LookupFunction | undefined {
    return this.discovered ? this.#options.environment.guard?.lookup : undefined;
  }

  #onOpen({ ban, line, socket }: OpenConnection, signal: AbortSignal): void {
    const { environment } = this.#options;
    const { clock, monotonic, telemetry, timing } = environment;
    this.#connections++;
    this.#lost = undefined;
    this.#state = 'connected';
    telemetry.count('relay_connections');
    telemetry.log('relay.connected', { relay: this.host });
    const conduct = new RelayConduct(monotonic, ban);
    const listening = new RelayListening({
      environment,
      relay: this.host,
      spelling: this.#spelling,
      watches: this.#watches,
      audits: this.#audits,
      intake: this.#intake,
      account: this.#account,
      conduct,
      limits: () => this.#limits,
      reconciling: this.#reconciling,
      arrangement: this.#arrangement,
      onTooMany: (places) => this.#onPlaces(places),
      send: (message) => socket.send(JSON.stringify(message)),
      onProof: () => this.#redial.proven(),
    });
    this.#listening = listening;
    const isThere = keepAlive(socket, { timing, clock, onPong: (pingedAt) => listening.onPong(pingedAt) });
    throttle({
      socket,
      line,
      session: listening.session,
      account: this.#account,
      clock: monotonic,
      telemetry,
      standstillMs: timing.audit.standstillMs,
      onStandstill: () => listening.standstill(),
      mostBytes: longestRead(this.#limits.maxMessageLength),
      longestBytes: MAX_MESSAGE_BYTES,
      onChatter: () => {
        telemetry.count('relay_chatter');
        conduct.note('chatter');
      },
      onTooLong: (head) => {
        // The relay's pong may have to wait behind several such messages.
        isThere();
        listening.session.onTooLong(head);
      },
    });
    listening.open();
    void this.#askLimits(signal);
  }

  /** Asks for the relay's limits, beside the conversation. They apply from the next page, or from the next connection on. */
  async #askLimits(signal: AbortSignal): Promise<void> {
    const { environment, url } = this.#options;
    const { monotonic, timing, userAgent, wayOut } = environment;
    if (monotonic() - this.#limitsAskedAt < timing.informationMs) return;
    this.#limitsAskedAt = monotonic();
    const onDate = (date: unknown): void => environment.onDate(this.host, date);
    // Without an answer, the limits of the last answer still apply.
    const asked = fetchRelayLimits(url, signal, { userAgent, onDate, wayOut, lookup: this.#lookup });
    this.#limits = (await asked) ?? this.#limits;
    this.#onPlaces(this.#limits.maxSubscriptions);
    if (!signal.aborted) this.#reconciling.stated(this.#limits.nips);
  }

  /**
   * The relay allows so many subscriptions. If they are too few for the present arrangement, the relay is dialled again.
   *
   * @param places absent if the relay states no limit
   */
  #onPlaces(places: number | undefined): void {
    const { kinds, relayLists, telemetry } = this.#options.environment;
    this.#places = Math.min(places ?? Infinity, this.#places ?? Infinity);
    const wanted = { kinds: kinds.length, lists: relayLists !== undefined };
    const arrangement = arrangementFor(this.#places, wanted);
    if (arrangement === this.#arrangement) return;
    this.#arrangement = arrangement;
    telemetry.log('relay.too_few_subscriptions', { relay: this.host, count: this.#places });
    this.#socket?.terminate();
  }

  /**
   * Dials the relay again, because this server may have missed events without noticing.
   *
   * @param since from when on, in milliseconds
   */
  interrupt(since: number): void {
    for (const { coverage } of this.#watches) coverage.lose(since);
    // The `Date` header of the answer may show whether the clock is right after a jump.
    this.#limitsAskedAt = -Infinity;
    this.#socket?.terminate();
  }

  /** The relay's URL is configured anew, in this spelling. If the relay has refused the old one, it is dialled again. */
  respell(written: string): void {
    if (this.#spelling.rewrite(written) && this.#listening?.authentication === 'refused')
      this.#socket?.terminate();
  }

  /** The program stood still for a moment. The relay may have dropped events meanwhile. */
  standstill(): void {
    this.#listening?.standstill();
  }

  /** Writes each kind's proof of life to the store: the time until which all its events have been handled. */
  noteProofs(): void {
    const { environment, startedAt, url } = this.#options;
    for (const [{ handledUntil = startedAt, kind }, { since }] of this.#audits.schedules)
      environment.proofs?.note(url, kind, provenUntil(kind, handledUntil, since));
  }

  /** The relay's host: the only part of its URL that may be logged. */
  get host(): string {
    return this.#address.host;
  }

  get discovered(): boolean {
    return this.#options.discovered;
  }

  /** Whether the relay may be shown. A Mostro instance may name anything, so a discovered relay is shown only once it has served as a relay. */
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
}
