import { setTimeout as delay } from 'node:timers/promises';

import { compose, type Composition } from './compose/compose.ts';
import type { CompositionOptions, CompositionOverrides } from './compose/options.ts';
import { SECOND_MS } from './core/basics/clock.ts';
import type { Curve } from './crypto/curve.ts';
import { listen, ListenError } from './ops/listen.ts';
import type { Readiness } from './ops/readiness.ts';
import type { ReadServiceAccount } from './push/fcm/account-source.ts';
import type { ServiceAccount } from './push/fcm/service-account.ts';

const API_VARIABLES = { host: 'SERVER_HOST', port: 'SERVER_PORT' };
const ADMIN_VARIABLES = { host: 'ADMIN_HOST', port: 'ADMIN_PORT' };

/** How long requests under way may take at a stop. They are answered in milliseconds, unless their client is slow. */
const REQUEST_GRACE_MS = SECOND_MS;

/** The share of the time of a stop in which held wakes may wait for the edge of their slot. The rest is for their pushes. */
const HOLDING_SHARE = 0.5;

/**
 * When Google's access token is asked for after the start. Its HTTP client takes long to load, and the processor is needed for the relays
 * first. A wake that comes earlier asks for its token itself.
 */
const WARM_UP_AFTER_MS = 250;

/** The URLs of the two listeners. Without the operator's, the reason. */
export interface Addresses {
  readonly apiAddress: string;
  readonly adminAddress?: string;
  readonly adminProblem?: string;
}

/** The parts of the configuration that can be replaced while the program runs. */
export interface Reloaded {
  /** URLs of the relays of the configuration. */
  readonly relays: readonly string[];
  /** The Mostro instances, and whether only their users may register. */
  readonly instances: { readonly pubkeys: readonly string[]; readonly trustedOnly: boolean };
  readonly account: ServiceAccount | undefined;
  /** Reads the account's key file again. */
  readonly readAccount: ReadServiceAccount;
}

/** The running program: the order in which things start and stop. */
export class App {
  readonly #options: CompositionOptions;
  readonly #composition: Composition;
  readonly #stopping = new AbortController();
  #starting: Promise<unknown> | undefined;
  #isStoreOpen = false;
  #watching: Promise<void> | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #warmUp: NodeJS.Timeout | undefined;
  #onFault: (fault: unknown) => void = () => undefined;
  /** Never resolves. Rejects with a failure that the program cannot go on with. */
  readonly fault = new Promise<never>((_, reject) => (this.#onFault = reject));

  /** The library that verifies signatures at this moment. */
  get curve(): Pick<Curve, 'library' | 'isNative'> {
    return this.#composition.curve;
  }

  /** Whether devices can be woken at this moment, and if not, why. */
  readiness(): Readiness {
    return this.#composition.ready();
  }

  /** @param overrides for tests */
  constructor(options: CompositionOptions, overrides: CompositionOverrides = {}) {
    this.#options = options;
    // The caller awaits the fault only after the start; until then it must not count as unhandled.
    this.fault.catch(() => undefined);
    this.#composition = compose(options, overrides, (fault) => this.#onFault(fault));
  }

  /**
   * Opens the store, opens the listeners, and begins to watch the relays.
   *
   * @throws ListenError when a port is taken or refused
   * @throws StoreOpenError when the store cannot be opened
   * @throws AbortError when {@link stop} is called during the start; {@link stop} then ends every part that has started
   */
  start(): Promise<Addresses> {
    const starting = this.#start();
    this.#starting = starting;
    return starting;
  }

  async #start(): Promise<Addresses> {
    if (await this.#composition.store.reach()) {
      await this.#watchRelays();
      return this.#listen();
    }
    // Until the store can be read, clients are told so, and the operator sees it. What relays send meanwhile is asked for later.
    const addresses = await this.#listen();
    this.#watchRelays().catch((fault: unknown) => {
      if (!this.#stopping.signal.aborted) this.#onFault(fault);
    });
    return addresses;
  }

  /** Opens the store, and begins to watch the relays. */
  async #watchRelays(): Promise<void> {
    const { cohorts, devices, fleet, relays, store, waker } = this.#composition;
    const owed = await store.open();
    this.#isStoreOpen = true;
    this.#stopping.signal.throwIfAborted();
    devices?.restore(store.registrations);
    // Before any event comes: it must be known whose devices are whose.
    await fleet?.start();
    cohorts?.dealRest();
    for (const wake of owed) await waker.payOwed(wake);
    await this.#composition.resumeCohorts();
    this.#stopping.signal.throwIfAborted();
    // Relays first: when a phone can register, its events are listened for already.
    this.#watching = relays.run(this.#stopping.signal);
    this.#watching.catch(this.#onFault);
  }

  async #listen(): Promise<Addresses> {
    const { config } = this.#options;
    const { announcements, api, fcm, registrations } = this.#composition;
    announcements.start();
    const apiAddress = await listen(api, {
      host: config.http.host,
      port: config.http.port,
      variables: API_VARIABLES,
    });
    this.#stopping.signal.throwIfAborted();
    const admin = await this.#listenForOperator();
    this.#stopping.signal.throwIfAborted();
    this.#sweeper = setInterval(() => {
      registrations.sweep().catch(this.#onFault);
    }, config.registrations.sweepIntervalMs);
    this.#composition.watch.start();
    // Now, while the relays are being connected, so that the first wake need not wait for code to be loaded.
    this.#composition.load().catch(this.#onFault);
    // Early, so that refused credentials show in the log at the start and not with the first wake.
    this.#warmUp = setTimeout(() => void fcm?.warmUp(), WARM_UP_AFTER_MS);
    return { apiAddress, ...admin };
  }

  /**
   * Replaces the relays of the configuration, the Mostro instances and the service account.
   *
   * @returns whether the service account was replaced. It cannot be if FCM was off or without an account at the start
   */
  reload({ relays, instances, account, readAccount }: Reloaded): boolean {
    const { fcm, instances: known, relays: pool } = this.#composition;
    known.replace(instances.pubkeys, instances.trustedOnly);
    pool.reconfigure(relays);
    if (fcm === undefined || account === undefined) return false;
    void fcm.useAccount(account, readAccount);
    return true;
  }

  /**
   * Stops in the reverse order of the start, within the configured time. A start that is under way is given up.
   *
   * @returns how many wakes were lost
   */
  async stop(): Promise<number> {
    const { admin, announcements, api, fleet, lanes, store, waker } = this.#composition;
    const { shutdownTimeoutMs } = this.#options.config;
    const deadline = AbortSignal.timeout(shutdownTimeoutMs);
    const graceMs = Math.min(REQUEST_GRACE_MS, shutdownTimeoutMs);
    const cutOff = setTimeout(() => api.server.closeAllConnections(), graceMs);
    clearInterval(this.#sweeper);
    clearTimeout(this.#warmUp);
    this.#composition.watch.stop();
    this.#stopping.abort();
    void fleet?.events.stop();
    await this.#startGivenUp(graceMs);
    await this.#watching?.catch(() => undefined);
    // First the accepted calls of `/api/notify` become wakes. Then all held wakes go out.
    await announcements.stop();
    const drained = waker.flush(shutdownTimeoutMs * HOLDING_SHARE).then(() => lanes.drain(deadline));
    const [lost] = await Promise.all([drained, api.close()]);
    clearTimeout(cutOff);
    await lanes[Symbol.asyncDispose]();
    // The other servers take over what could not be sent.
    await fleet?.stop();
    // Last, so that the store gets the outcomes of the last wakes.
    if (this.#isStoreOpen || fleet !== undefined) await store.close();
    admin.server.closeAllConnections();
    await admin.close();
    return lost;
  }

  /** Resolves when the start has ended, or after this many milliseconds, because after a fault the start may never end. */
  async #startGivenUp(ms: number): Promise<void> {
    const waited = new AbortController();
    const late = delay(ms, undefined, { signal: waited.signal });
    await Promise.race([this.#starting, late]).catch(() => undefined);
    waited.abort();
    await late.catch(() => undefined);
  }

  /** Wakes matter more than metrics: a taken port fails the start only if the operator chose the port. */
  async #listenForOperator(): Promise<Omit<Addresses, 'apiAddress'>> {
    const { config, telemetry } = this.#options;
    try {
      const { host, port } = config.admin;
      const options = { host, port, variables: ADMIN_VARIABLES };
      return { adminAddress: await listen(this.#composition.admin, options) };
    } catch (error) {
      if (config.admin.required || !(error instanceof ListenError)) throw error;
      telemetry.log('admin.unavailable', { message: error.message });
      return { adminProblem: error.message };
    }
  }
}
