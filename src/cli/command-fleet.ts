import { ConfigError } from '../config/config.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { EngineAddress } from '../fleet/engine/engine-address.ts';
import { EngineRefused, EngineUnavailable } from '../fleet/engine/engine.ts';
import { lookAtEngine } from '../fleet/engine/look-at-engine.ts';
import { FleetNames } from '../fleet/engine/names.ts';
import { RedisEngine } from '../fleet/engine/redis-engine.ts';
import { ValueSealer } from '../fleet/engine/value-sealer.ts';
import { FleetStore } from '../fleet/replica/fleet-store.ts';
import { SILENT_TELEMETRY } from '../ops/telemetry.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';
import type { ReadStartup } from './read-startup.ts';

/** What the servers of a fleet have in common, for a command. The servers may run. */
export interface CommandFleet extends AsyncDisposable {
  readonly store: FleetStore;
  readonly engine: RedisEngine;
  readonly names: FleetNames;
  readonly values: ValueSealer;
  /** Where it is, in words. */
  readonly place: string;
  /** Values that could not be read. */
  readonly illegible: () => number;
}

/**
 * What a command does with a fleet. `write`: it makes the database the fleet's, if no server has used that yet. The others leave it as it
 * is. `read`: then there is nothing to read. `plan`: then the fleet is empty.
 */
type Use = 'write' | 'read' | 'plan';

/** Reads everything from the engine of `REDIS_URL`. @throws ConfigError, StoreOpenError */
export async function openCommandFleet({ config, serverKey }: ReadStartup, use: Use): Promise<CommandFleet> {
  const { engine: address } = config.store;
  if (address === undefined) throw new ConfigError(['REDIS_URL: needed, the address of Redis or Valkey']);
  if (serverKey === undefined)
    throw new ConfigError([
      `${config.key.file}: there is no server key yet; all servers of a fleet have the same`,
    ]);
  const names = new FleetNames(serverKey.privateKey);
  const values = new ValueSealer(serverKey.privateKey);
  const engine = new RedisEngine({ address, names });
  let illegible = 0;
  const telemetry: Telemetry = {
    ...SILENT_TELEMETRY,
    count: (counter) => {
      if (counter === 'fleet_values_rejected') illegible++;
    },
  };
  const store = new FleetStore({
    engine,
    names,
    values,
    capacity: Infinity,
    handlingMs: 0,
    clock: Date.now,
    mayExpire: () => false,
    onRemote: () => undefined,
    telemetry,
  });
  const place = `${address.host}, port ${address.port}, database ${address.database}`;
  const fleet = { store, engine, names, values, place, illegible: () => illegible };
  if (use !== 'write' && (await isUnused(address, names))) {
    if (use === 'read') throw new StoreOpenError(`${place} has no data of a fleet`);
    return { ...fleet, [Symbol.asyncDispose]: () => engine.close() };
  }
  await dial(engine);
  const reading = new AbortController();
  const tail = engine.tail(
    () => store.streams(),
    (key, entries) => store.onEntries(key, entries),
    reading.signal,
  );
  const close = async (): Promise<void> => {
    await store.close();
    reading.abort();
    await tail;
    await engine.close();
  };
  await store.open();
  return { ...fleet, [Symbol.asyncDispose]: close };
}

/** Whether no server has used the database yet. */
async function isUnused(address: EngineAddress, names: FleetNames): Promise<boolean> {
  try {
    return (await lookAtEngine(address, names)).form === undefined;
  } catch (error) {
    throw explain(error);
  }
}

async function dial(engine: RedisEngine): Promise<void> {
  await engine.open().catch((error: unknown) => {
    throw explain(error);
  });
  if (engine.isUp) return;
  const { problem } = engine;
  await engine.close();
  throw explain(new EngineUnavailable(problem ?? ''));
}

function explain(error: unknown): unknown {
  if (error instanceof EngineRefused) return new StoreOpenError(error.message, { isConfiguration: true });
  if (!(error instanceof EngineUnavailable)) return error;
  return new StoreOpenError(`REDIS_URL: the engine cannot be used: ${error.message}`);
}
