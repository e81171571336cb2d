import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import { MAX_DISCOVERED_RELAYS } from '../../core/intake/relay-lists.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';
import { AuditPlaces } from '../gaps/audit-places.ts';
import { MemoryShare } from '../reconcile/memory-share.ts';
import { RelayConnection } from './relay-connection.ts';
import type { RelayEnvironment } from './relay-environment.ts';
import type { KindTotal } from '../live/kind-watch.ts';
import { parseRelayUrl } from '../../core/nostr/relay-url.ts';
import type { RelayStatus } from './relay-status.ts';
import { watchStandstills } from './standstill-watch.ts';

export interface RelayPoolOptions {
  readonly environment: RelayEnvironment;
  /** The relays of the configuration, as they are written there. */
  readonly urls: readonly string[];
  /** The relays that Mostro instances publish at this moment, as they are written there. */
  readonly published: () => readonly string[];
  /** The machine's clock, uncorrected: if it jumps, nobody may have listened for a while. In milliseconds. */
  readonly wall: Clock;
}

/**
 * How many relays are newly dialled because a Mostro instance names them: two whole lists at once, and then one relay every 15 seconds.
 * An instance that changes its list all the time must not make this server call host after host.
 */
const NEWLY_NAMED = { burst: 2 * MAX_DISCOVERED_RELAYS, perSecond: 1 / 15 };

/** The memory for the known events of all relays together: those of three relays with a million in three days each. */
const MAX_KNOWN_BYTES = 64 * 1024 * 1024;

const TICK_MS = SECOND_MS;
/** If the clock is this far off from one tick to the next, it was set, or the process or the machine stood still. */
const JUMP_MS = 10 * SECOND_MS;

interface NamedRelay {
  /** Normalised: tells relays apart. */
  readonly url: string;
  readonly written: string;
}

interface Watched {
  readonly connection: RelayConnection;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** All relays that are watched. Each is independent: a relay that fails, comes or goes does not disturb another. */
export class RelayPool {
  readonly #options: RelayPoolOptions;
  /** The relays of the configuration. */
  #configured: readonly NamedRelay[];
  #isRunning = false;
  readonly #startedAt: number;
  readonly #totals: ReadonlyMap<number, KindTotal>;
  readonly #watched = new Map<string, Watched>();
  readonly #auditPlaces = new AuditPlaces();
  readonly #knownEvents = new MemoryShare(MAX_KNOWN_BYTES);
  readonly #newlyNamed: TokenBucket;
  /** Until then no further relay is dialled because it is named, by the monotonic clock, in milliseconds. */
  #namedEnoughUntil = -Infinity;
  #tickedAt: number;
  #onFault: (fault: unknown) => void = () => undefined;

  constructor(options: RelayPoolOptions) {
    const { environment, urls, wall } = options;
    this.#options = options;
    this.#configured = urls.map(named);
    this.#startedAt = environment.clock();
    this.#tickedAt = wall();
    this.#totals = new Map(environment.kinds.map((kind) => [kind, { events: 0 }]));
    this.#newlyNamed = new TokenBucket({ ...NEWLY_NAMED, clock: environment.monotonic });
  }

  /** Resolves when the signal has ended every connection. */
  async run(signal: AbortSignal): Promise<void> {
    const fault = new Promise<never>((_, reject) => (this.#onFault = reject));
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    this.#isRunning = true;
    for (const relay of this.#configured) this.#watch(relay, false);
    this.#noteProofs();
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    const { monotonic, timing } = this.#options.environment;
    const endWatch = watchStandstills({
      standstillMs: timing.audit.standstillMs,
      monotonic,
      onStandstill: () => this.#connections.forEach((connection) => connection.standstill()),
    });
    await Promise.race([stopped, fault]).finally(() => {
      clearInterval(ticking);
      endWatch();
    });
    this.#noteProofs();
    for (const { stop } of this.#watched.values()) stop.abort();
    await Promise.all([...this.#watched.values()].map(({ done }) => done));
  }

  /** Follows lists that have expired (NIP-40), saves the proofs of life, and notices a jump of the clock. */
  #tick(): void {
    this.follow();
    this.#noteProofs();
    const now = this.#options.wall();
    const jumpMs = now - this.#tickedAt - TICK_MS;
    this.#tickedAt = now;
    if (Math.abs(jumpMs) < JUMP_MS) return;
    const { clock, telemetry } = this.#options.environment;
    telemetry.log('clock.jumped', { waitMs: jumpMs });
    // If the process stood still, nobody listened in that time.
    const since = clock() - Math.max(0, jumpMs) - TICK_MS;
    for (const { connection } of this.#watched.values()) connection.interrupt(since);
  }

  /** Watches the published relays beside the configured ones, and drops those that are no longer published. */
  follow(): void {
    const { environment, published } = this.#options;
    const configured = new Set(this.#configured.map(placeOf));
    const relays = published()
      .map(named)
      .filter((relay) => !configured.has(placeOf(relay)));
    const urls = new Set(relays.map(({ url }) => url));
    for (const [url, { connection }] of this.#watched) {
      if (!connection.discovered || urls.has(url)) continue;
      this.#drop(url);
    }
    for (const relay of relays) {
      if (this.#watched.has(relay.url)) continue;
      const now = environment.monotonic();
      // A later tick goes on.
      if (now < this.#namedEnoughUntil) return;
      this.#namedEnoughUntil = now + this.#newlyNamed.spend(1);
      this.#watch(relay, true);
    }
  }

  /** Watches these relays instead of those that were configured before. Relays that stay are not disturbed, but may be spelt in another way. */
  reconfigure(written: readonly string[]): void {
    this.#configured = written.map(named);
    if (!this.#isRunning) return;
    const urls = new Set(this.#configured.map(({ url }) => url));
    for (const [url, { connection }] of this.#watched)
      if (!connection.discovered && !urls.has(url)) this.#drop(url);
    // If one of them was watched as a discovered relay, that connection is dropped first.
    this.follow();
    for (const relay of this.#configured) {
      const watched = this.#watched.get(relay.url);
      if (watched === undefined) this.#watch(relay, false);
      else watched.connection.respell(relay.written);
    }
  }

  #drop(url: string): void {
    const watched = this.#watched.get(url);
    if (watched === undefined) return;
    this.#watched.delete(url);
    watched.connection.noteProofs();
    watched.stop.abort();
    this.#options.environment.telemetry.log('relay.dropped', { relay: watched.connection.host });
  }

  #noteProofs(): void {
    for (const { connection } of this.#watched.values()) connection.noteProofs();
  }

  /** The status of every relay that is configured, or was discovered and has been live. */
  status(): RelayStatus[] {
    return this.#connections.filter(({ isKnown }) => isKnown).map((connection) => connection.status());
  }

  /** How many discovered relays have not been live yet. */
  get unproven(): number {
    return this.#connections.filter(({ isKnown }) => !isKnown).length;
  }

  /** The memory for the known events of all relays, in bytes. */
  get knownBytes(): number {
    return this.#knownEvents.bytes;
  }

  get #connections(): RelayConnection[] {
    return [...this.#watched.values()].map(({ connection }) => connection);
  }

  #watch({ url, written }: NamedRelay, discovered: boolean): void {
    const { environment } = this.#options;
    const connection = new RelayConnection({
      environment,
      url,
      written,
      discovered,
      startedAt: this.#startedAt,
      // Called only while this relay itself is not connected.
      isAnotherConnected: () => this.#connections.some(({ isConnected }) => isConnected),
      totals: this.#totals,
      auditPlaces: this.#auditPlaces,
      knownEvents: this.#knownEvents,
    });
    if (discovered) environment.telemetry.log('relay.discovered', { relay: connection.host });
    const stop = new AbortController();
    const done = connection.run(stop.signal);
    done.catch((fault: unknown) => this.#onFault(fault));
    this.#watched.set(url, { connection, stop, done });
  }
}

function named(written: string): NamedRelay {
  return { written, url: parseRelayUrl(written, { credentials: true }) ?? written };
}

/** The URL without scheme and credentials. Two URLs with the same place are one relay. */
function placeOf({ url }: NamedRelay): string {
  const { host, pathname, search } = new URL(url);
  return `${host.replace(/\.(?=:|$)/, '')}${pathname}${search}`;
}
