import { SECOND_MS } from '../../core/basics/clock.ts';
import { MAX_DISCOVERED_RELAYS } from '../../core/intake/relay-lists.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';
import { RelayConnection, type RelayConnectionOptions } from './relay-connection.ts';
import type { KindTotal } from '../live/kind-watch.ts';
import type { RelayStatus } from './relay-status.ts';

export interface RelayPoolOptions extends Omit<
  RelayConnectionOptions,
  'url' | 'discovered' | 'startedAt' | 'totals'
> {
  /** The relays of the configuration. */
  readonly urls: readonly string[];
  /** The relays that Mostro instances publish at this moment. */
  readonly published: () => readonly string[];
}

/**
 * How many relays may be watched anew because a Mostro instance names them: two whole lists at once, and one every 15 seconds
 * on. An instance whose list changes all the time does not make this server knock at host after host.
 */
const NEWLY_NAMED = { burst: 2 * MAX_DISCOVERED_RELAYS, perSecond: 1 / 15 };

const TICK_MS = SECOND_MS;
/** A clock that is this much off from one tick to the next was set, or the process, or its machine, stood still. */
const JUMP_MS = 10 * SECOND_MS;

interface Watched {
  readonly connection: RelayConnection;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** All relays, each by itself: none disturbs another, and those that come and go disturb none that stay. */
export class RelayPool {
  readonly #options: RelayPoolOptions;
  /** The relays of the configuration. */
  #configured: readonly string[];
  #isRunning = false;
  readonly #startedAt: number;
  readonly #totals: ReadonlyMap<number, KindTotal>;
  readonly #watched = new Map<string, Watched>();
  readonly #newlyNamed = new TokenBucket({ ...NEWLY_NAMED, clock: () => performance.now() });
  /** Until when no further relay is watched because it is named, by the monotonic clock, in milliseconds. */
  #namedEnoughUntil = 0;
  #tickedAt = Date.now();
  #onFault: (fault: unknown) => void = () => undefined;

  constructor(options: RelayPoolOptions) {
    this.#options = options;
    this.#configured = options.urls;
    this.#startedAt = options.clock();
    this.#totals = new Map(options.kinds.map((kind) => [kind, { events: 0 }]));
  }

  /** Resolves when the signal has ended every connection. */
  async run(signal: AbortSignal): Promise<void> {
    const fault = new Promise<never>((_, reject) => (this.#onFault = reject));
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    this.#isRunning = true;
    for (const url of this.#configured) this.#watch(url, false);
    this.#noteProofs();
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    await Promise.race([stopped, fault]).finally(() => clearInterval(ticking));
    this.#noteProofs();
    for (const { stop } of this.#watched.values()) stop.abort();
    await Promise.all([...this.#watched.values()].map(({ done }) => done));
  }

  /** Lists end by themselves too (NIP-40); and time can jump: a process that was frozen has listened to nobody. */
  #tick(): void {
    this.follow();
    this.#noteProofs();
    const now = Date.now();
    const jumpMs = now - this.#tickedAt - TICK_MS;
    this.#tickedAt = now;
    if (Math.abs(jumpMs) < JUMP_MS) return;
    const { clock, telemetry } = this.#options;
    telemetry.log('clock.jumped', { waitMs: jumpMs });
    const since = clock() - Math.max(0, jumpMs) - TICK_MS;
    for (const { connection } of this.#watched.values()) connection.interrupt(since);
  }

  /** Watches the published relays beside the configured ones, and no longer those that were published and are no more. */
  follow(): void {
    const { published } = this.#options;
    const configured = new Set(this.#configured.map(placeOf));
    const urls = published().filter((url) => !configured.has(placeOf(url)));
    for (const [url, { connection }] of this.#watched) {
      if (!connection.discovered || urls.includes(url)) continue;
      this.#drop(url);
    }
    for (const url of urls) {
      if (this.#watched.has(url)) continue;
      // A later tick goes on.
      if (performance.now() < this.#namedEnoughUntil) return;
      this.#namedEnoughUntil = performance.now() + this.#newlyNamed.spend(1);
      this.#watch(url, true);
    }
  }

  /** Watches these in place of the configured relays until now. Those that stay are not disturbed. */
  reconfigure(urls: readonly string[]): void {
    this.#configured = urls;
    if (!this.#isRunning) return;
    for (const [url, { connection }] of this.#watched)
      if (!connection.discovered && !urls.includes(url)) this.#drop(url);
    // A Mostro instance may have named one of them: its connection as a named relay gives way first.
    this.follow();
    for (const url of urls) if (!this.#watched.has(url)) this.#watch(url, false);
  }

  #drop(url: string): void {
    const watched = this.#watched.get(url);
    if (watched === undefined) return;
    this.#watched.delete(url);
    watched.connection.noteProofs();
    watched.stop.abort();
    this.#options.telemetry.log('relay.dropped', { relay: watched.connection.host });
  }

  #noteProofs(): void {
    for (const { connection } of this.#watched.values()) connection.noteProofs();
  }

  /** Of every relay that is configured, or was named by a Mostro instance and has been live. */
  status(): RelayStatus[] {
    return this.#connections.filter(({ isKnown }) => isKnown).map((connection) => connection.status());
  }

  /** How many relays are named by Mostro instances and have not been live yet. */
  get unproven(): number {
    return this.#connections.filter(({ isKnown }) => !isKnown).length;
  }

  get #connections(): RelayConnection[] {
    return [...this.#watched.values()].map(({ connection }) => connection);
  }

  #watch(url: string, discovered: boolean): void {
    const connection = new RelayConnection({
      ...this.#options,
      url,
      discovered,
      startedAt: this.#startedAt,
      totals: this.#totals,
    });
    if (discovered) this.#options.telemetry.log('relay.discovered', { relay: connection.host });
    const stop = new AbortController();
    const done = connection.run(stop.signal);
    done.catch((fault: unknown) => this.#onFault(fault));
    this.#watched.set(url, { connection, stop, done });
  }
}

/** A relay without its scheme and credentials: two URLs of one place are one relay. */
function placeOf(url: string): string {
  const { host, pathname, search } = new URL(url);
  return `${host.replace(/\.(?=:|$)/, '')}${pathname}${search}`;
}
