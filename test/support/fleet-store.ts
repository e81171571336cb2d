import { Secret } from '../../src/core/basics/secret.ts';
import type { StreamReader } from '../../src/compose/composed-store.ts';
import type { EngineAddress } from '../../src/fleet/engine/engine-address.ts';
import { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { ValueSealer } from '../../src/fleet/engine/value-sealer.ts';
import { FleetStore, type FleetStoreOptions } from '../../src/fleet/replica/fleet-store.ts';
import type { RegistrationStore } from '../../src/core/registry/registration-store.ts';
import type { RegistrationChange } from '../../src/store/tables/registration-change.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { fleetNames, TEST_TIMING } from './fleet-engine.ts';
import { keep } from './keep.ts';
import { LIFETIME } from './registrations.ts';

/** A server of a fleet, as far as its store goes. */
export interface FleetMember {
  readonly engine: RedisEngine;
  readonly store: FleetStore;
  readonly registrations: RegistrationStore;
  readonly telemetry: FakeTelemetry;
  /** The changes of other servers that it was told of. */
  readonly remote: readonly RegistrationChange[];
  /** Ends it as a stop does. */
  readonly stop: () => Promise<void>;
}

/** Reads further streams of the engine, together with the log. */
const NO_READER: StreamReader = { streams: () => [], onEntries: () => undefined };

/** A store that reads and writes the engine at this address, open unless told otherwise. It closes with the test. */
export async function joinFleet(
  address: EngineAddress,
  options: Partial<FleetStoreOptions> = {},
  {
    isOpen = true,
    inspectMs = undefined as number | undefined,
    beside = NO_READER,
    timing = TEST_TIMING,
  } = {},
): Promise<FleetMember> {
  const names = fleetNames();
  const engine = keep(new RedisEngine({ address, names }, timing));
  const telemetry = new FakeTelemetry();
  const remote: RegistrationChange[] = [];
  const store = new FleetStore(
    {
      engine,
      names,
      values: new ValueSealer(new Secret(Buffer.alloc(32, 1))),
      capacity: 1000,
      ttlMs: LIFETIME.ttlMs,
      handlingMs: 0,
      clock: Date.now,
      onRemote: (change) => remote.push(change),
      telemetry,
      ...options,
    },
    { inspectMs },
  );
  // In the order of the program: the store hears of an engine that comes up.
  await engine.open();
  const reading = new AbortController();
  const tail = engine.tail(
    () => [...store.streams(), ...beside.streams()],
    async (key, entries) => {
      await store.onEntries(key, entries);
      await beside.onEntries(key, entries);
    },
    reading.signal,
  );
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await store.close();
    reading.abort();
    await tail;
    await engine.close();
  };
  keep({ [Symbol.asyncDispose]: stop });
  if (isOpen) await store.open();
  return { engine, store, registrations: store.contents.registrations, telemetry, remote, stop };
}

/** What a server has in memory, by trade pubkey. */
export function stateOf({ store }: FleetMember): Record<string, unknown> {
  return Object.fromEntries([...store.contents.registrations.entries()].map((one) => [one.tradePubkey, one]));
}
