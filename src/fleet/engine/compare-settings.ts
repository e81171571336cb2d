import type { Engine, EngineReply, Script } from './engine.ts';
import type { FleetNames } from './names.ts';

/** The settings that all servers of a fleet must have in common, by the name of their variable. */
export type FleetSettings = Readonly<Record<string, string>>;

/**
 * Says with which settings this server runs, and asks which ones servers have had of late.
 *
 * - key: the settings
 * - arguments: for how long others' count after their last beat, in milliseconds; the names of this server's settings
 * - answer: the names of all settings
 */
const COMPARE_SETTINGS: Script = {
  name: 'compare-settings',
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for n = 2, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[n]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)
`,
};

/** The bytes of the name of a setting that stand for its variable. The others stand for its value. */
const VARIABLE_BYTES = 4;

/** Finds out in which settings servers of the fleet have differed from this one for a while. A variable that only one version knows is not compared. */
export class SettingsComparison {
  readonly #names: Pick<FleetNames, 'settings' | 'settingsName'>;
  readonly #settings: () => FleetSettings;
  /** For how long, in milliseconds, a variable has had another value at other servers, as far as they could say so. */
  readonly #lasting = new Map<string, number>();
  /** When and over which connection the engine was asked last. */
  #asked: { readonly at: number; readonly over: object } | undefined;

  constructor(names: Pick<FleetNames, 'settings' | 'settingsName'>, settings: () => FleetSettings) {
    this.#names = names;
    this.#settings = settings;
  }

  /**
   * @param over the connection: the time between two of them does not count, since other servers may have lost the engine, too
   * @param forMs for how long others' settings count after their last beat
   * @throws EngineUnavailable, ScriptError
   */
  async compare(engine: Pick<Engine, 'run'>, over: object, forMs: number): Promise<void> {
    const own = Object.entries(this.#settings()).map(
      ([variable, value]) => [variable, this.#nameOf(variable, value)] as const,
    );
    const told = own.map(([, name]) => name);
    const reply = await engine.run(COMPARE_SETTINGS, [this.#names.settings], [forMs, ...told]);
    const all = Array.isArray(reply)
      ? (reply as readonly EngineReply[]).filter((one) => Buffer.isBuffer(one))
      : [];
    const at = performance.now();
    const passedMs = this.#asked?.over === over ? at - this.#asked.at : 0;
    this.#asked = { at, over };
    for (const [variable, name] of own) {
      const isOther = (one: Buffer): boolean => startsAlike(one, name) && !one.equals(name);
      const lastingMs = this.#lasting.get(variable);
      if (!all.some(isOther)) this.#lasting.delete(variable);
      else this.#lasting.set(variable, lastingMs === undefined ? 0 : lastingMs + passedMs);
    }
  }

  /** The variables that have differed for so long. */
  lastingFor(ms: number): string[] {
    return [...this.#lasting].flatMap(([variable, lastingMs]) => (lastingMs >= ms ? [variable] : []));
  }

  #nameOf(variable: string, value: string): Buffer {
    const name = this.#names.settingsName(`${variable}=${value}`);
    this.#names.settingsName(variable).copy(name, 0, 0, VARIABLE_BYTES);
    return name;
  }
}

/** Whether two names are of the same variable. */
function startsAlike(a: Buffer, b: Buffer): boolean {
  return a.subarray(0, VARIABLE_BYTES).equals(b.subarray(0, VARIABLE_BYTES));
}
