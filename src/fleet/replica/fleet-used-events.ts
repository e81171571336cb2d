import type { Clock } from '../../core/basics/clock.ts';
import type { UsedEvents } from '../../core/registry/used-events.ts';
import { EngineUnavailable, type Engine, type EngineReply } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';

/** A signature is valid for 120 seconds; the extra second covers rounding. */
const KEPT_MS = 121_000;
/** So many are told at once. */
const AT_ONCE = 256;

/**
 * The ids of used signatures, at this server and in the engine. While the engine is down, each server knows its own only; it tells them when
 * the engine is up again, which may have lost those that it had.
 */
export class FleetUsedEvents implements UsedEvents {
  readonly #engine: Pick<Engine, 'call' | 'onUp'>;
  readonly #names: FleetNames;
  readonly #own: UsedEvents;
  readonly #monotonic: Clock;
  /** The keys of those that were used here and are not too old, by the time of their use. */
  readonly #recent = new Map<Buffer, number>();

  /** @param own those that were used at this server */
  constructor(engine: Pick<Engine, 'call' | 'onUp'>, names: FleetNames, own: UsedEvents, monotonic: Clock) {
    this.#engine = engine;
    this.#names = names;
    this.#own = own;
    this.#monotonic = monotonic;
    engine.onUp(() => void this.#tellAll());
  }

  has(id: string): boolean {
    return this.#own.has(id);
  }

  async use(id: string): Promise<'new' | 'used' | 'full'> {
    const here = await this.#own.use(id);
    if (here !== 'new') return here;
    const key = this.#names.signatureKey(id);
    this.#dropOld();
    this.#recent.set(key, this.#monotonic());
    try {
      const reply = await this.#tell(key, KEPT_MS);
      return reply === null ? 'used' : 'new';
    } catch (error) {
      if (error instanceof EngineUnavailable) return 'new';
      throw error;
    }
  }

  #tell(key: Buffer, ms: number): Promise<EngineReply> {
    return this.#engine.call('SET', key, '', 'NX', 'PX', ms);
  }

  async #tellAll(): Promise<void> {
    this.#dropOld();
    const all = [...this.#recent];
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const told = all
        .slice(from, from + AT_ONCE)
        .map(([key, at]) => this.#tell(key, Math.ceil(Math.max(1, at + KEPT_MS - this.#monotonic()))));
      // If the engine has gone again, all are told when it is back.
      if ((await Promise.allSettled(told)).some(({ status }) => status === 'rejected')) return;
    }
  }

  #dropOld(): void {
    for (const [key, at] of this.#recent) {
      if (this.#monotonic() - at < KEPT_MS) return;
      this.#recent.delete(key);
    }
  }
}
