import type { CompositionOptions } from './options.ts';
import type { FleetLink, ComposedStore, StreamReader } from './composed-store.ts';
import { fleetSettings } from './fleet-settings.ts';
import type { ProgramTime } from './time.ts';
import type { RedisAddress } from '../config/redis-url.ts';
import type { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { EngineSigns } from '../core/watch/find-alarms.ts';
import type { FleetSettings } from '../fleet/engine/compare-settings.ts';
import type { Engine, EngineRefused } from '../fleet/engine/engine.ts';
import { FleetNames } from '../fleet/engine/names.ts';
import { RedisEngine } from '../fleet/engine/redis-engine.ts';
import { ValueSealer } from '../fleet/engine/value-sealer.ts';
import { FleetStore, type FleetStoreOptions } from '../fleet/replica/fleet-store.ts';
import { FleetUsedEvents } from '../fleet/replica/fleet-used-events.ts';
import { MemoryUsedEvents } from '../store/tables/memory-used-events.ts';
import type { RegistrationChange } from '../store/tables/registration-change.ts';

interface Shared {
  readonly instances: InstancePubkeys;
  readonly time: ProgramTime;
  /** @see DurableProofsOptions.handlingMs */
  readonly handlingMs: number;
  /** Called when the store has been read. @param latestAt the latest time in any record */
  readonly onOpened: (latestAt: number) => void;
  readonly onDisplaced: () => void;
  /** Called after a registration has changed because of another server. */
  readonly onRemote: (change: RegistrationChange) => void;
}

/** The store that the servers of a fleet have in common (contract 10). */
export function composeFleetStore(
  options: CompositionOptions,
  address: RedisAddress,
  shared: Shared,
): ComposedStore & { readonly link: FleetLink } {
  const { serverKey } = options;
  const { instances, onOpened, time } = shared;
  const names = new FleetNames(serverKey.privateKey);
  const values = new ValueSealer(serverKey.privateKey);
  const onForeign = toldOnce(options.telemetry);
  const settings = (): FleetSettings => fleetSettings(options, instances);
  const onRefused = (refusal: EngineRefused): void => store.refuse(refusal);
  const engine = new RedisEngine({ address, names, settings, onRefused, onForeign });
  const store = createStore(options, { engine, names, values }, shared);
  const tail = new StreamTail(engine, store);
  const follow = (reader: StreamReader): void => tail.add(reader);
  const { cohorts, proofs, registrations, seen } = store.contents;
  return {
    registrations,
    seen,
    proofs,
    used: new FleetUsedEvents(engine, names, new MemoryUsedEvents({ clock: time.monotonic }), time.monotonic),
    owed: undefined,
    cohorts,
    reach: async () => {
      await engine.open();
      return engine.isUp;
    },
    open: async () => {
      tail.start();
      await store.open();
      onOpened(store.contents.latestAt);
      return [];
    },
    close: async () => {
      await store.close();
      await tail.stop();
      await engine.close();
    },
    isOpen: () => store.isOpen,
    engineSigns: () => signsOf(engine),
    size: () => 0,
    link: { engine, names, values, isCurrent: () => store.isCurrent, follow, onForeign },
  };
}

function createStore(
  { config, telemetry }: CompositionOptions,
  { engine, names, values }: Pick<FleetStoreOptions, 'engine' | 'names' | 'values'>,
  { handlingMs, onDisplaced, onRemote, time }: Shared,
): FleetStore {
  const { capacity, lifetime } = config.registrations;
  return new FleetStore({
    engine,
    names,
    values,
    capacity,
    ttlMs: lifetime.ttlMs,
    handlingMs,
    clock: time.clock,
    mayExpire: time.mayExpire,
    onDisplaced,
    onRemote,
    telemetry,
  });
}

/** Counts the keys that a stranger has replaced, and tells of the first one. */
function toldOnce(telemetry: Telemetry): (count: number) => void {
  let isTold = false;
  return (count) => {
    telemetry.count('fleet_values_rejected', { kind: 'key' }, count);
    if (!isTold) telemetry.log('fleet.value_rejected', { reason: 'key' });
    isTold = true;
  };
}

function signsOf({ facts, otherSettings, problem }: Engine): EngineSigns {
  return { problem, evictionPolicy: facts?.maxmemoryPolicy, otherSettings };
}

/** Reads all streams of a server on one connection. */
class StreamTail {
  readonly #engine: Engine;
  readonly #readers: StreamReader[] = [];
  readonly #stopping = new AbortController();
  #reading: Promise<void> | undefined;

  constructor(engine: Engine, store: FleetStore) {
    this.#engine = engine;
    this.add({ streams: () => store.streams(), onEntries: (key, entries) => store.onEntries(key, entries) });
  }

  add(reader: StreamReader): void {
    this.#readers.push(reader);
  }

  start(): void {
    this.#reading = this.#engine.tail(
      () => this.#readers.flatMap(({ streams }) => streams()),
      async (key, entries) => {
        for (const { onEntries } of this.#readers) await onEntries(key, entries);
      },
      this.#stopping.signal,
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reading;
  }
}
