import type { UsedEvents } from '../../core/registry/used-events.ts';
import { EngineUnavailable, type Engine } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';

/** A signature is valid for 120 seconds; the extra second covers rounding. */
const KEPT_MS = 121_000;

/** The ids of used signatures, at this server and in the engine. While the engine is down, each server knows its own only. */
export class FleetUsedEvents implements UsedEvents {
  readonly #engine: Pick<Engine, 'call'>;
  readonly #names: FleetNames;
  readonly #own: UsedEvents;

  /** @param own those that were used at this server */
  constructor(engine: Pick<Engine, 'call'>, names: FleetNames, own: UsedEvents) {
    this.#engine = engine;
    this.#names = names;
    this.#own = own;
  }

  has(id: string): boolean {
    return this.#own.has(id);
  }

  async use(id: string): Promise<'new' | 'used' | 'full'> {
    const here = await this.#own.use(id);
    if (here !== 'new') return here;
    try {
      const reply = await this.#engine.call('SET', this.#names.signatureKey(id), '', 'NX', 'PX', KEPT_MS);
      return reply === null ? 'used' : 'new';
    } catch (error) {
      if (error instanceof EngineUnavailable) return 'new';
      throw error;
    }
  }
}
