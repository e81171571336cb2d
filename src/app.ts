import { compose, type Composition, type CompositionParts } from './composition.ts';
import { listen, ListenError } from './ops/listen.ts';

/** The running program: the order in which things start and stop. */
export class App {
  readonly #parts: CompositionParts;
  readonly #composition: Composition;
  readonly #stopping = new AbortController();
  #watching: Promise<void> | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #onFault: (fault: unknown) => void = () => undefined;
  /** Never resolves; rejects when something failed that the program cannot go on without. */
  readonly fault = new Promise<never>((_, reject) => (this.#onFault = reject));

  constructor(parts: CompositionParts) {
    this.#parts = parts;
    // Whoever starts the program awaits it; until then a fault must not count as unhandled.
    this.fault.catch(() => undefined);
    this.#composition = compose(parts, (fault) => this.#onFault(fault));
  }

  /**
   * Listens and watches.
   *
   * @returns the listeners' addresses; no admin address when its port, not chosen by the operator, was taken
   * @throws ListenError when a port cannot be had; {@link stop} ends what has been started by then
   */
  async start(): Promise<{ apiAddress: string; adminAddress: string | undefined }> {
    const { config } = this.#parts;
    const { api, fcm, registrations, relays } = this.#composition;
    // Relays first: by the time a phone can register, what is for it is listened for.
    this.#watching = relays.run(this.#stopping.signal);
    this.#watching.catch(this.#onFault);
    const apiAddress = await listen(api, { ...config.http, variable: 'SERVER_PORT' });
    const adminAddress = await this.#listenForOperator();
    this.#sweeper = setInterval(() => {
      registrations.sweep().catch(this.#onFault);
    }, config.registrations.sweepIntervalMs);
    // Refused credentials show at the start and in the log, not with the first wake.
    void fcm?.warmUp();
    return { apiAddress, adminAddress };
  }

  /** Stops in the reverse order of the start, within the configured time. @returns how many wakes were lost */
  async stop(): Promise<number> {
    const { admin, api, fcm, lanes, unifiedPush } = this.#composition;
    const deadline = AbortSignal.timeout(this.#parts.config.shutdownTimeoutMs);
    const cutOff = (): void => api.server.closeAllConnections();
    clearInterval(this.#sweeper);
    this.#stopping.abort();
    deadline.addEventListener('abort', cutOff, { once: true });
    await Promise.all([api.close(), this.#watching?.catch(() => undefined)]);
    deadline.removeEventListener('abort', cutOff);
    const lost = await lanes.drain(deadline);
    await Promise.all([fcm?.[Symbol.asyncDispose](), unifiedPush?.[Symbol.asyncDispose]()]);
    admin.server.closeAllConnections();
    await admin.close();
    return lost;
  }

  /** Metrics are worth less than wakes: a taken port stops the start only where the operator asked for that port. */
  async #listenForOperator(): Promise<string | undefined> {
    const { config, telemetry } = this.#parts;
    try {
      return await listen(this.#composition.admin, { ...config.admin, variable: 'ADMIN_PORT' });
    } catch (error) {
      if (config.admin.required || !(error instanceof ListenError)) throw error;
      telemetry.log('admin.unavailable', { message: error.message });
      return undefined;
    }
  }
}
